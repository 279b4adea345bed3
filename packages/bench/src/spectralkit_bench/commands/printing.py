"""A grid's table, printed, and the command line that made it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spectralkit.cli.output import print_json
from spectralkit_bench.reproducing import line

if TYPE_CHECKING:
    from spectralkit_bench.store.store import Store


def typed() -> str:
    """The command line, to be typed again."""
    return line(["spectralkit", *sys.argv[1:]])


def print_any(store: Store, name: str, form: str | None, *, quiet: bool = False, pages: Sequence[Path] = ()) -> None:
    """Print the table of a grid for a person, or in a form for a program or a paper.

    Args:
        store: Where the grid is.
        name: Of the grid.
        form: ``md``, ``csv``, ``tex`` or ``json``; None is for a person.
        quiet: Whether a person wants none.
        pages: Reports that lie beside it.
    """
    from spectralkit_bench.grid.plan import Plan
    from spectralkit_bench.grid.table import table_of
    from spectralkit_bench.tables.files import written
    from spectralkit_bench.tables.plain import print_scores
    from spectralkit_bench.tables.records import document
    from spectralkit_bench.tables.shares import document as document_of_shares
    from spectralkit_bench.tables.shares import print_shares
    from spectralkit_bench.tables.table import Table

    plan = Plan.of(store.plan(name))
    table = table_of(plan, store.documents(plan.keys), store.errors)
    if form == "json":
        told = document(table) if isinstance(table, Table) else document_of_shares(table)
        print_json({**told, "reports": pages} if pages else told)
    elif form is not None:
        print(written(table, form), end="")
    elif not quiet and isinstance(table, Table):
        print_scores(table)
    elif not quiet and not isinstance(table, Table):
        print_shares(table)
    print_pages(() if quiet or form else pages)


def print_pages(pages: Iterable[Path]) -> None:
    """Where reports lie."""
    for page in pages:
        print(f"report   {page}")
