"""``spectralkit report``: finished runs as one HTML file."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from spectralkit.cli.command import Command
from spectralkit.cli.options import path
from spectralkit.cli.output import add_json, add_quiet, print_json
from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import counted
from spectralkit_bench.commands.printing import print_pages

NAME = "report.html"


def configure(parser: ArgumentParser) -> None:
    """The options of ``report``."""
    parser.add_argument(
        "runs",
        nargs="+",
        type=path,
        metavar="RUN",
        help="run directories of one data set, a comparison, or a store, which gets a page for each of its data sets",
    )
    parser.add_argument(
        "--out", type=path, metavar="FILE", help=f"must not exist (default: {NAME} in RUN, where there is one RUN)"
    )
    parser.add_argument(
        "--samples", type=int, metavar="N", help="how many samples are shown (default: 200, fewer of large images)"
    )
    add_json(parser)
    add_quiet(parser)


def run(arguments: Namespace) -> int:
    """Write the report, then print where it lies."""
    out = _out(arguments)
    if arguments.samples is not None and arguments.samples < 1:
        raise ConfigurationError(f"--samples must be at least 1, got {arguments.samples}")
    from spectralkit_bench.report.finding import find, lacking
    from spectralkit_bench.report.pages import pages
    from spectralkit_bench.report.writing import check_absent, write_report

    check_absent(out)
    runs = find(arguments.runs)
    absent = [line for place in arguments.runs for line in lacking(place)]
    parts = {out: runs} if arguments.out else {out.with_name(name): part for name, part in pages(runs).items()}
    for place in parts:
        check_absent(place)
    shown = [write_report(part, place, arguments.samples, absent) for place, part in parts.items()]
    if arguments.json:
        one = {"out": out} if len(parts) == 1 else {"reports": list(parts)}
        print_json({**one, "runs": [run.directory for run in runs], "samples": sum(shown)})
    elif not arguments.quiet:
        print(f"{counted(len(runs), 'run')}, {counted(sum(shown), 'sample')}")
        print_pages(parts)
    return 0


def _out(arguments: Namespace) -> Path:
    if arguments.out is not None:
        return Path(arguments.out)
    if len(arguments.runs) > 1:
        raise ConfigurationError("a report of several runs belongs to none of them: say where it goes with --out FILE")
    (place,) = arguments.runs
    if not place.is_dir():
        raise ConfigurationError(f"there is no folder {place}: name a finished run, a comparison or a store")
    return Path(place) / NAME


command = Command(configure, run)
