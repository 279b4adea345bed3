"""A table in the forms it is read in: ``table.md``, ``.csv``, ``.tex`` and ``.json``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spectralkit.running.document import as_json
from spectralkit_bench.tables.latex import latex
from spectralkit_bench.tables.markdown import markdown
from spectralkit_bench.tables.records import comma_separated, document
from spectralkit_bench.tables.shares import SHARE_FORMS, Shares
from spectralkit_bench.tables.table import Table

FORMS: dict[str, Callable[[Table], str]] = {
    "md": markdown,
    "csv": comma_separated,
    "tex": latex,
    "json": lambda table: as_json(document(table)),
}


def written(table: Table | Shares, form: str) -> str:
    """A table of either kind in one of :data:`FORMS`."""
    return FORMS[form](table) if isinstance(table, Table) else SHARE_FORMS[form](table)


def write_table(table: Table, directory: Path) -> None:
    """Write every form into ``directory``."""
    for suffix, write in FORMS.items():
        (directory / f"table.{suffix}").write_text(write(table), encoding="utf-8")
