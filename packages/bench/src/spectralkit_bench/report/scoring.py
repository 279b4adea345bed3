"""The scores of all runs: tables, charts and explanations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
from markupsafe import Markup

from spectralkit_bench.finished import Finished
from spectralkit_bench.report.charts.dots import Row, dots
from spectralkit_bench.report.columns import Column
from spectralkit_bench.report.evidence import key_of
from spectralkit_bench.report.explained import ENERGY, Explanation, diagnostics, explain
from spectralkit_bench.report.verdict import mean
from spectralkit_bench.tables.mark import Mark, marks

NULL = "expected under the null"
"""A detail that is the score of white noise."""


@attrs.frozen(eq=False)
class Score:
    """One score of all runs.

    Args:
        explanation: What it is.
        values: One a run; NaN where it has none.
        best: Which of them are the best.
        chart: Dots of the samples.
        details: Numbers beside the score: name to one a run.
    """

    explanation: Explanation
    values: tuple[float, ...]
    best: tuple[bool, ...]
    chart: Markup
    details: Mapping[str, tuple[float | str | None, ...]]

    @property
    def name(self) -> str:
        """Of the metric."""
        return self.explanation.name


@attrs.frozen(eq=False)
class Scored:
    """All scores.

    Args:
        scores: In the order of the runs' documents, energy last.
        single: Names of those that a single sample has.
        samples: Values by score, run and sample.
        diagnostics: Name to meaning and one mean a run.
    """

    scores: tuple[Score, ...]
    single: tuple[str, ...]
    samples: Mapping[str, tuple[Mapping[str, float], ...]]
    diagnostics: Mapping[str, tuple[str, tuple[float, ...]]]


def scored(columns: Sequence[Column]) -> Scored:
    """The scores of runs side by side."""
    runs = [column.run for column in columns]
    names = [*dict.fromkeys(name for run in runs for name in run.scores), ENERGY]
    samples = {name: tuple(run.values(name) for run in runs) for name in names}
    return Scored(
        scores=tuple(_score(name, columns) for name in names),
        single=tuple(name for name in names if any(samples[name])),
        samples=samples,
        diagnostics={
            name: (meaning, tuple(run.diagnostics.get(name, math.nan) for run in runs))
            for name, meaning in diagnostics(runs).items()
        },
    )


def _score(name: str, columns: Sequence[Column]) -> Score:
    runs, told = [column.run for column in columns], explain(name)
    values = [mean(run, name) if name == ENERGY else run.scores.get(name, math.nan) for run in runs]
    rows = [
        Row(key_of(column), column.label, list(column.run.values(name).values()), value)
        for column, value in zip(columns, values, strict=True)
    ]
    bounds = told.spec.range if told.spec else (0.0, math.inf) if name == ENERGY else (-math.inf, math.inf)
    return Score(
        explanation=told,
        values=tuple(values),
        best=_best(values, told),
        chart=dots(f"{name} by method", rows, bounds, _yardstick(name, runs)),
        details=_details(name, runs),
    )


def _best(values: Sequence[float], told: Explanation) -> tuple[bool, ...]:
    if len(values) < 2 or told.spec is None:
        return (False,) * len(values)
    return tuple(mark is Mark.BEST for mark in marks(values, told.spec))


def _yardstick(name: str, runs: Sequence[Finished]) -> tuple[float, str] | None:
    if name == ENERGY:
        return 1.0, "white noise"
    expected = runs[0].details.get(name, {}).get(NULL)
    return (float(expected), "white noise") if isinstance(expected, int | float) else None


def _details(name: str, runs: Sequence[Finished]) -> dict[str, tuple[float | str | None, ...]]:
    tables = [run.details.get(name, {}) for run in runs]
    keys = dict.fromkeys(key for table in tables for key in table)
    return {key: tuple(table.get(key) for table in tables) for key in keys}
