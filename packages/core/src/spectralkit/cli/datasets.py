"""``spectralkit datasets``: list the data sets, or draw samples of one (``datasets preview NAME --out PNG``)."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.cli.listing import datasets
from spectralkit.cli.options import path
from spectralkit.cli.output import print_json
from spectralkit.errors import ConfigurationError
from spectralkit.running.config import check_parts, parse_settings


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    datasets.configure(parser)
    parser.add_argument("action", nargs="?", choices=("preview",), help="draw samples of every domain of one data set")
    parser.add_argument("name", nargs="?", metavar="NAME", help="which data set")
    group = parser.add_argument_group("preview")
    group.add_argument("--out", type=path, metavar="PNG", help="where to draw it, must not exist")
    group.add_argument("--samples", type=int, default=6, metavar="N", help="rows (default: 6)")
    group.add_argument(
        "--set", action="append", default=[], metavar="dataset.PARAM=VALUE", help="a parameter of it; may be repeated"
    )


def run(arguments: Namespace) -> int:
    """List, or draw."""
    if arguments.action is None:
        if arguments.out is not None or arguments.set:
            raise ConfigurationError("--out and --set belong to a preview: spectralkit datasets preview NAME --out PNG")
        return datasets.run(arguments)
    if arguments.name is None or arguments.out is None:
        raise ConfigurationError("a preview needs a data set and a file: spectralkit datasets preview NAME --out PNG")
    if arguments.samples < 1:
        raise ConfigurationError(f"samples must be at least 1, got {arguments.samples}")
    settings = parse_settings(arguments.set)
    check_parts(settings, {"dataset"})
    from spectralkit.running.looking import preview

    rows = preview(arguments.name, settings.get("dataset", {}), arguments.out, arguments.samples)
    if arguments.json:
        print_json({"picture": arguments.out, "rows": rows})
    else:
        print(f"picture  {arguments.out}")
    return 0


command = Command(configure, run)
