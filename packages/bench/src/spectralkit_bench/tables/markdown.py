"""A table in Markdown: best bold, close ones underlined, in brackets what does not compete."""

from __future__ import annotations

from collections.abc import Sequence

from spectralkit.plugins.text import one_line
from spectralkit_bench.tables.rows import Script, sectioned
from spectralkit_bench.tables.table import Table

SCRIPT = Script(
    text=one_line,
    code=lambda name: f"`{one_line(name)}`" if name else "",
    best=lambda told: f"**{told}**",
    close=lambda told: f"<u>{told}</u>",
    between=" ± ",
    heading=lambda column: f"{column.title} {column.arrow}",
)


def markdown(table: Table) -> str:
    """The table with its notes; headings of sections are lines of their own."""
    columns, *rows = sectioned(table, SCRIPT, lambda section: f"*{section}*")
    return page(table.title, columns, rows, table.notes)


def page(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """Cells between bars, below a title where there is one, above notes where there are any."""
    parts = [f"# {one_line(title)}"] if title else []
    parts.append(pipes(columns, rows))
    if notes:
        parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts) + "\n"


def pipes(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells between bars; bars inside them are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
