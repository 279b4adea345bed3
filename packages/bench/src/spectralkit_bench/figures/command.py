"""``spectralkit figures``: the paper's figures, of finished runs."""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.cli.options import path
from spectralkit.cli.output import add_json, add_quiet, print_json
from spectralkit.errors import ConfigurationError
from spectralkit.running.claim import claim
from spectralkit_bench.figures.catalogue import PLOTS, Plot, chosen, formats


def configure(parser: ArgumentParser) -> None:
    """The options of ``figures``."""
    parser.add_argument(
        "runs", nargs="+", type=path, metavar="RUN", help="directory of a finished run, of a comparison, or a store"
    )
    parser.add_argument("--out", type=path, metavar="DIR", required=True, help="where they go, must not exist")
    parser.add_argument(
        "--only", metavar="A,B", help=f"figures to draw, of {', '.join(plot.name for plot in PLOTS)} (default: all)"
    )
    parser.add_argument("--format", default="png", metavar="F,G", help="png, pdf, svg (default: png)")
    parser.add_argument(
        "--samples", type=int, default=4, metavar="N", help="samples in pictures and inverted again (default: 4)"
    )
    add_json(parser)
    add_quiet(parser)


def run(arguments: Namespace) -> int:
    """Draw what can be drawn, and say what cannot."""
    plots, wanted = chosen(arguments.only), formats(arguments.format)
    if arguments.samples < 1:
        raise ConfigurationError(f"--samples must be at least 1, got {arguments.samples}")
    with claim([arguments.out]) as place:
        from spectralkit_bench.figures.drawing import draw_into
        from spectralkit_bench.figures.material import Material
        from spectralkit_bench.finding import finished

        def tell(plot: Plot, files: list[str]) -> None:
            if not (arguments.quiet or arguments.json):
                print(f"{plot.name}: {', '.join(files)}", flush=True)

        material = Material.of(finished(arguments.runs), arguments.samples)
        drawn = draw_into(place.directory, material, plots, wanted, tell)
    for name, reason in drawn.skipped.items():
        warnings.warn(f"{name} is not drawn: {reason}", stacklevel=2)
    if arguments.json:
        print_json({"out": arguments.out, "figures": drawn.files, "skipped": drawn.skipped})
    elif not arguments.quiet:
        print(f"figures  {arguments.out}")
    return 0


figures = Command(configure, run)
