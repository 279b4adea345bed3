"""``spectralkit datasets``: list the data sets, draw samples of one, or index the download of one.

``datasets preview NAME --out PNG`` draws, ``datasets prepare NAME ROOT`` validates and indexes.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

from spectralkit.cli.command import Command
from spectralkit.cli.listing import datasets
from spectralkit.cli.options import add_set, path
from spectralkit.cli.output import print_json, print_table
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.plugins.text import counted, one_line
from spectralkit.running.config import check_parts, parse_settings
from spectralkit.running.folders import check_folders


def configure(parser: ArgumentParser) -> None:
    """Arguments."""
    datasets.configure(parser)
    parser.add_argument(
        "action",
        nargs="?",
        choices=("preview", "prepare"),
        help="preview: draw samples of every domain of one data set; prepare: validate and index its download",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="which data set")
    parser.add_argument("root", nargs="?", type=path, metavar="ROOT", help="prepare: where its files lie")
    group = parser.add_argument_group("preview")
    group.add_argument("--out", type=path, metavar="PNG", help="where to draw it, must not exist")
    group.add_argument("--samples", type=int, default=6, metavar="N", help="rows (default: 6)")
    add_set(parser, "dataset.PARAM", "a parameter of it")


def run(arguments: Namespace) -> int:
    """List, draw or index."""
    if arguments.action is None:
        if arguments.out is not None or arguments.set:
            raise ConfigurationError("--out and --set belong to a preview: spectralkit datasets preview NAME --out PNG")
        return datasets.run(arguments)
    settings = parse_settings(arguments.set)
    check_parts(settings, {"dataset"})
    parameters = settings.get("dataset", {})
    return (_preview if arguments.action == "preview" else _prepare)(arguments, parameters)


def _preview(arguments: Namespace, parameters: Mapping[str, Any]) -> int:
    if arguments.root is not None:
        raise ConfigurationError("a preview takes no ROOT: set the data set's own by --set dataset.root=DIR")
    if arguments.name is None or arguments.out is None:
        raise ConfigurationError("a preview needs a data set and a file: spectralkit datasets preview NAME --out PNG")
    if arguments.samples < 1:
        raise ConfigurationError(f"samples must be at least 1, got {arguments.samples}")
    check_folders(arguments.name, parameters)
    from spectralkit.running.looking import preview

    rows = preview(arguments.name, parameters, arguments.out, arguments.samples)
    if arguments.json:
        print_json({"picture": arguments.out, "rows": rows})
    else:
        print(f"picture  {arguments.out}")
    return 0


def _prepare(arguments: Namespace, parameters: Mapping[str, Any]) -> int:
    if arguments.name is None or arguments.root is None:
        raise ConfigurationError(
            "preparing needs a data set and the folder of its files: spectralkit datasets prepare NAME ROOT"
        )
    from spectralkit.running.preparing import prepared

    found = prepared(arguments.name, arguments.root, parameters, partial(print, file=sys.stderr, flush=True))
    if arguments.json:  # one document, which tells of the problems itself
        print_json({"root": arguments.root, "counts": found.counts, "problems": found.problems})
        return 2 if found.problems else 0
    for problem in found.problems:
        print(f"problem  {one_line(problem)}")
    print_table(("what", "good"), [*found.counts.items()])
    if count := len(found.problems):
        raise DataError(
            f"{counted(count, 'problem')} in {arguments.root}: repair and prepare it again, or leave them out "
            "by --set dataset.on_error=skip"
        )
    return 0


command = Command(configure, run)
