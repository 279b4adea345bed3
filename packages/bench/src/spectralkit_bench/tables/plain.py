"""A table on the terminal: the best with a star, close ones with a tilde."""

from __future__ import annotations

from spectralkit.cli.output import print_table
from spectralkit_bench.tables.rows import Script, body, header
from spectralkit_bench.tables.table import Table

SCRIPT = Script(
    text=str,
    code=str,
    best=lambda told: f"{told} *",
    close=lambda told: f"{told} ~",
    between=" ± ",
    heading=lambda column: f"{column.name} {column.arrow}",
)


def print_scores(table: Table) -> None:
    """Print it with its notes."""
    columns = header(table, SCRIPT)
    rows, section = [], ""
    for line, cells in body(table, SCRIPT):
        if line.result.section != section:
            section = line.result.section
            rows.append([f"- {section} -", *[""] * (len(columns) - 1)])
        rows.append(cells)
    print_table(columns, rows, title=table.title)
    print("\n* best, ~ within 5 % of it")
    for note in table.notes:
        print(note)
