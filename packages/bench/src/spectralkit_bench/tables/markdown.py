"""A table in Markdown: best bold, close ones underlined, in brackets what does not compete."""

from __future__ import annotations

from collections.abc import Sequence

from spectralkit.plugins.text import one_line
from spectralkit_bench.tables.rows import Script, body, header
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
    columns = header(table, SCRIPT)
    rows, section = [], ""
    for line, cells in body(table, SCRIPT):
        if line.result.section != section:
            section = line.result.section
            rows.append([f"*{section}*", *[""] * (len(columns) - 1)])
        rows.append(cells)
    parts = [f"# {one_line(table.title)}"] if table.title else []
    parts.append(pipes(columns, rows))
    if table.notes:
        parts.append("\n".join(f"- {note}" for note in table.notes))
    return "\n\n".join(parts) + "\n"


def pipes(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells between bars; bars inside them are escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
