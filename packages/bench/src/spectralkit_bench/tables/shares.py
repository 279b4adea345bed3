"""The share of matched runs that are improved, metric by metric: ``93.8 % (15 of 16)``.

Strictly better in the metric's direction; ties count as no, and denominators are printed.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from spectralkit.cli.output import print_table
from spectralkit.plugins.specs import MetricSpec
from spectralkit.running.document import as_json
from spectralkit_bench.tables.latex import escaped, tabular
from spectralkit_bench.tables.latex import heading as latex_heading
from spectralkit_bench.tables.markdown import page
from spectralkit_bench.tables.result import Document, metric_of
from spectralkit_bench.tables.table import Column


@attrs.frozen
class Improved:
    """One metric.

    Args:
        column: Which.
        better: Units in which the second run is strictly better.
        ties: Units in which the two are equal.
        units: All of them.
    """

    column: Column
    better: int
    ties: int
    units: int

    @property
    def told(self) -> str:
        """``93.8 % (15 of 16)``."""
        return f"{100 * self.better / self.units:.1f} % ({self.better} of {self.units})"


@attrs.frozen
class Shares:
    """A table of shares.

    Args:
        title: What is held against what.
        columns: One a metric.
        notes: What the numbers depend on.
    """

    title: str
    columns: tuple[Improved, ...]
    notes: tuple[str, ...]


def shares(title: str, units: Sequence[tuple[Document, Document]], notes: Iterable[str]) -> Shares:
    """The shares of ``units``, whose second run is held against the first."""
    names = dict.fromkeys(name for unit in units for one in unit for name in one["scores"])
    columns = [_improved(name, units) for name in names if metric_of(name).higher_is_better is not None]
    return Shares(title, tuple(column for column in columns if column.units), tuple(notes))


def _improved(name: str, units: Sequence[tuple[Document, Document]]) -> Improved:
    scores = [[one["scores"].get(name) for one in unit] for unit in units]
    pairs = [(a, b) for a, b in scores if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)]
    spec = metric_of(name)
    better = sum(_is_better(b, a, spec) for a, b in pairs)
    return Improved(Column(name), better, sum(a == b for a, b in pairs), len(pairs))


def _is_better(value: float, other: float, spec: MetricSpec) -> bool:
    return value > other if spec.higher_is_better else value < other


def document(table: Shares) -> dict[str, Any]:
    """All its numbers."""
    columns = [
        {"name": one.column.name, "improved": one.better, "ties": one.ties, "units": one.units} for one in table.columns
    ]
    return {"title": table.title, "columns": columns, "notes": list(table.notes)}


def _markdown(table: Shares) -> str:
    header = ["statistic", *(f"{one.column.title} {one.column.arrow}" for one in table.columns)]
    return page(table.title, header, [["% improved", *(one.told for one in table.columns)]], table.notes)


def _latex(table: Shares) -> str:
    header = ["Statistic", *(latex_heading(one.column) for one in table.columns)]
    row = [r"\% improved", *(escaped(one.told) for one in table.columns)]
    return tabular((table.title, *table.notes), 1, header, [f"{' & '.join(row)} \\\\"])


def _comma_separated(table: Shares) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["metric", "improved", "ties", "units"])
    writer.writerows((one.column.name, one.better, one.ties, one.units) for one in table.columns)
    return text.getvalue()


SHARE_FORMS: dict[str, Callable[[Shares], str]] = {
    "md": _markdown,
    "csv": _comma_separated,
    "tex": _latex,
    "json": lambda table: as_json(document(table)),
}


def print_shares(table: Shares) -> None:
    """Print it with its notes."""
    header = ["statistic", *(f"{one.column.name} {one.column.arrow}" for one in table.columns)]
    print_table(header, [["% improved", *(one.told for one in table.columns)]], title=table.title)
    print()
    for note in table.notes:
        print(note)
