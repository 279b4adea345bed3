"""Rewrite the generated sections of the documentation from the installed system.

python docs/generate.py methods       the tables of methods.md
python docs/generate.py reference     the classes of reference.md
python docs/generate.py figures       the table of figures.md
python docs/generate.py results       the yardsticks of results.md
python docs/generate.py priors        what the shipped models draw from noise, in results.md: half an hour on one core
python docs/generate.py comparison    the tables of `spectralkit compare` into comparison.md
python docs/generate.py reproduction  run what the paper's claims need and judge them in reproduction.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pages import figures, methods, reference
from pages.comparison import with_comparison
from pages.markdown import with_section
from pages.priors import priors
from pages.reproduction import keeping
from pages.reproduction import page as claims
from pages.reproduction import plan as reproduction
from pages.reproduction.collect import collect
from pages.yardsticks import yardsticks

from spectralkit.errors import SpectralkitError

HERE = Path(__file__).parent

SECTIONS: dict[str, dict[str, Callable[[], str]]] = {
    "methods": {
        "overview": methods.overview,
        "facts": methods.facts,
        "matrix": methods.matrix,
        "refusals": methods.refusals,
    },
    "figures": {"overview": figures.overview},
    "reference": reference.sections(),
    "results": {"yardsticks": yardsticks},
}
"""By page, what stands in each of its generated sections."""


def rewritten(name: str, page: str) -> str:
    """The page ``name`` with its sections as the installed packages have them."""
    for section, made in SECTIONS[name].items():
        page = with_section(page, section, made())
    return page


def write(arguments: argparse.Namespace) -> int:
    """Rewrite a page, or check it."""
    path: Path = arguments.page
    page = path.read_text(encoding="utf-8")
    made = rewritten(arguments.name, page)
    if arguments.check:
        if made != page:
            print(f"{path} is out of date: run `python docs/generate.py {arguments.name}`", file=sys.stderr)
        return int(made != page)
    path.write_text(made, encoding="utf-8")
    return 0


def write_priors(arguments: argparse.Namespace) -> int:
    """Draw from the shipped models, and write how good that is."""
    path: Path = arguments.page
    path.write_text(with_section(path.read_text(encoding="utf-8"), "priors", priors()), encoding="utf-8")
    return 0


def write_comparison(arguments: argparse.Namespace) -> int:
    """Put the table of every comparison into the section of its model."""
    path: Path = arguments.page
    page = path.read_text(encoding="utf-8")
    for directory in arguments.directories:
        page = with_comparison(page, directory)
    path.write_text(page, encoding="utf-8")
    return 0


def write_reproduction(arguments: argparse.Namespace) -> int:
    """Run what has not been run yet, unless only the page is wanted, then rewrite it from the kept numbers."""
    path: Path = arguments.page
    numbers, plan = path.with_suffix(".json"), reproduction.Plan.read(arguments)
    results = keeping.read(numbers, plan.nothing) if arguments.only_page else collect(plan, numbers)
    page = with_section(path.read_text(encoding="utf-8"), "reproduction", claims.section(results))
    path.write_text(page, encoding="utf-8")
    return 0


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name in SECTIONS:
        page = commands.add_parser(name, help=f"the generated sections of {name}.md")
        page.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of date")
        page.add_argument("--page", type=Path, default=HERE / f"{name}.md", help="the page to rewrite")
        page.set_defaults(write=write, name=name)
    drawn = commands.add_parser("priors", help="what the shipped models draw, in results.md")
    drawn.add_argument("--page", type=Path, default=HERE / "results.md", help="the page to rewrite")
    drawn.set_defaults(write=write_priors)
    compared = commands.add_parser("comparison", help="the tables of comparison.md")
    compared.add_argument(
        "directories", nargs="+", type=Path, metavar="DIR", help="the --out of a `spectralkit compare`"
    )
    compared.add_argument("--page", type=Path, default=HERE / "comparison.md", help="the page to rewrite")
    compared.set_defaults(write=write_comparison)
    judged = commands.add_parser("reproduction", help="the verdicts of reproduction.md")
    reproduction.configure(judged)
    judged.add_argument("--page", type=Path, default=HERE / "reproduction.md", help="the page to rewrite")
    judged.set_defaults(write=write_reproduction)
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Do what the command line says."""
    arguments = parse(words)
    try:
        code: int = arguments.write(arguments)
    except SpectralkitError as error:
        print(f"generate.py: error: {error}", file=sys.stderr)
        return 2
    return code


if __name__ == "__main__":
    sys.exit(main())
