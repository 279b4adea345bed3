"""What commands print: one JSON document, or a table that is pretty on a terminal and plain in a pipe."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, _ArgumentGroup
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

from spectralkit.cli.streams import divert_at_exit, diverted
from spectralkit.plugins.text import one_line
from spectralkit.running.document import as_json

_document: ContextVar[TextIO | None] = ContextVar("_document", default=None)


def add_json(parser: ArgumentParser | _ArgumentGroup) -> None:
    """The option ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else")


def add_quiet(parser: ArgumentParser | _ArgumentGroup) -> None:
    """The option ``--quiet``."""
    parser.add_argument("--quiet", action="store_true", help="print nothing but warnings and errors")


@contextmanager
def json_only() -> Iterator[None]:
    """Within, stdout is kept for :func:`print_json`; whatever else is written goes to stderr."""
    with diverted() as stdout:
        token = _document.set(stdout)
        try:
            yield
        finally:
            _document.reset(token)
            divert_at_exit()


def print_json(document: object) -> None:
    """Print ``document`` as JSON: see :func:`spectralkit.running.document.as_json`."""
    (_document.get() or sys.stdout).write(as_json(document))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """Print rows under their columns: by rich on a terminal, else aligned text of whatever width, never truncated."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(columns, cells, title)
    else:
        _print_plain(columns, cells, title)


def _print_plain(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    lines = [title] if title else []
    for row in (columns, *rows):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print("\n".join(lines))


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text, so that square brackets are no markup
    Console(highlight=False).print(table)
