"""A table on the terminal: the best with a star, close ones with a tilde."""

from __future__ import annotations

from spectralkit.cli.output import print_table
from spectralkit_bench.tables.rows import Script, sectioned
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
    columns, *rows = sectioned(table, SCRIPT, lambda section: f"- {section} -")
    print_table(columns, rows, title=table.title)
    print("\n* best, ~ within 5 % of it")
    for note in table.notes:
        print(note)
