"""A table as rows of text, the same for every form it is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from spectralkit_bench.tables.mark import Mark
from spectralkit_bench.tables.table import Column, Line, Table, Value


@attrs.frozen
class Script:
    """How a form of writing says things.

    Args:
        text: Makes any text safe.
        code: Writes a name.
        best: Marks the best value.
        close: Marks a close one.
        between: Stands between mean and standard deviation.
        heading: Of a column of scores.
    """

    text: Callable[[str], str]
    code: Callable[[str], str]
    best: Callable[[str], str]
    close: Callable[[str], str]
    between: str
    heading: Callable[[Column], str]


def header(table: Table, script: Script) -> list[str]:
    """The columns' names."""
    scores = [script.heading(column) for column in table.columns]
    return [*table.labels, *scores, *(["energy"] if table.has_energy else []), "N", "NFE", "seconds"]


def body(table: Table, script: Script) -> Iterator[tuple[Line, list[str]]]:
    """Every line with its cells."""
    for line in table.lines:
        labels = [script.code(line.result.labels.get(name, "")) for name in table.labels]
        yield line, [*labels, *_cells(table, line, script)]


def sectioned(table: Table, script: Script, heading: Callable[[str], str]) -> list[list[str]]:
    """The columns' names and every line's cells; a section begins with a row that is its heading alone."""
    columns = header(table, script)
    rows, section = [columns], ""
    for line, cells in body(table, script):
        if line.result.section != section:
            section = line.result.section
            rows.append([heading(section), *[""] * (len(columns) - 1)])
        rows.append(cells)
    return rows


def _cells(table: Table, line: Line, script: Script) -> Iterator[str]:
    result = line.result
    if not result.documents:
        yield script.text("; ".join(result.missing) or "not run")
        yield from [""] * (len(table.columns) + table.has_energy + 2)
        return
    for column in table.columns:
        yield _cell(line.values.get(column.name), column, script)
    if table.has_energy:
        energy = result.detail("s-g", "mean(r)/d")
        yield "" if energy is None else energy.told(3, script.between)
    yield str(result.samples)
    yield line.evaluations
    yield f"{result.seconds.mean:.1f}"


def _cell(value: Value | None, column: Column, script: Script) -> str:
    if value is None:
        return ""
    told = value.spread.told(column.digits, script.between)
    if not value.competes:
        return f"({told})"
    if value.mark is Mark.BEST:
        return script.best(told)
    return script.close(told) if value.mark is Mark.CLOSE else told
