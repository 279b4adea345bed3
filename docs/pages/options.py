"""The options of commands that make runs and keep them, and these commands as a page tells them."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEEDS = (42, 17, 48)


def add_runs(parser: argparse.ArgumentParser, *, samples: int, cache: Path) -> None:
    """How much is run, and where it is kept.

    Args:
        parser: Of the command.
        samples: N by default.
        cache: Where runs are kept by default.
    """
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS), metavar="N", help="seeds of the noise")
    add_number(parser, "samples", samples, "samples of the data set")
    add_number(parser, "steps", 50, "transitions each way")
    add_number(parser, "batch-size", 32, "images at a time; changes no score")
    parser.add_argument(
        "--resume-dir",
        type=Path,
        default=cache,
        metavar="DIR",
        help="where runs are kept and found again (default: %(default)s)",
    )


def add_number(parser: argparse.ArgumentParser, option: str, default: int, meaning: str) -> None:
    """A whole number."""
    parser.add_argument(f"--{option}", type=int, default=default, metavar="N", help=f"{meaning} (default: {default})")


def command(page: str, options: Mapping[str, Any]) -> str:
    """The command line that makes a page, with one or several values an option."""
    words = ["python", "docs/generate.py", page]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", *map(str, value if isinstance(value, list | tuple) else [value])]
    return shlex.join(words)
