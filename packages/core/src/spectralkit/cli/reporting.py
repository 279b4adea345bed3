"""``--report``: the report of what a command has just made, by the command ``report``, which a package provides."""

from __future__ import annotations

from argparse import ArgumentParser, _ArgumentGroup
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from spectralkit.cli.command import Command
from spectralkit.plugins.registered import blame
from spectralkit.plugins.registry import registry

NAME = "report.html"


def add_report(group: _ArgumentGroup) -> None:
    """The option."""
    group.add_argument("--report", action="store_true", help=f"write {NAME} too, a page to look at and to share")


def reporting(wanted: bool) -> Callable[[Path], dict[str, Path]]:
    """What writes the report of a directory of results, and tells where it lies; nothing unless it is ``wanted``.

    It is found before the work begins, so that a missing package is told then. The results are whole before it is
    called: they stay, should the report fail.

    Raises:
        UnknownNameError: If no package provides the command.
    """
    if not wanted:
        return lambda out: {}
    registered = registry().resolve("command", "report")
    command = cast(Command, registry().load(registered))

    def write(out: Path) -> dict[str, Path]:
        parser = ArgumentParser()
        with blame(registered):
            command.configure(parser)
            command.run(parser.parse_args(["--quiet", f"--out={out / NAME}", "--", str(out)]))
        return {"report": out / NAME}

    return write


def print_report(page: Mapping[str, Path]) -> None:
    """Where it lies, if there is one."""
    for name, path in page.items():
        print(f"{name:<8} {path}")
