"""The scores of all methods: tables, charts and explanations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
from markupsafe import Markup

from spectralkit_bench.finished import Finished
from spectralkit_bench.report.charts.dots import Row, dots
from spectralkit_bench.report.columns import Column
from spectralkit_bench.report.explained import ENERGY, Explanation, diagnostics, explain
from spectralkit_bench.report.numbers import Over
from spectralkit_bench.report.verdict import mean
from spectralkit_bench.tables.mark import Mark, marks

NULL = "expected under the null"
"""A detail that is the score of white noise."""


@attrs.frozen(eq=False)
class Score:
    """One score of all methods.

    Args:
        explanation: What it is.
        values: One a method; NaN where it has none.
        best: Which of them are the best.
        chart: Dots of the samples.
        details: Numbers beside the score: name to one a method.
    """

    explanation: Explanation
    values: tuple[Over, ...]
    best: tuple[bool, ...]
    chart: Markup
    details: Mapping[str, tuple[Over | str | None, ...]]

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
        samples: Values by score, method, run and sample.
        diagnostics: Name to meaning and one mean a method.
    """

    scores: tuple[Score, ...]
    single: tuple[str, ...]
    samples: Mapping[str, tuple[tuple[Mapping[str, float], ...], ...]]
    diagnostics: Mapping[str, tuple[str, tuple[Over, ...]]]


def scored(columns: Sequence[Column]) -> Scored:
    """The scores of methods side by side."""
    runs = [run for column in columns for run in column.runs]
    names = [*dict.fromkeys(name for run in runs for name in run.scores), ENERGY]
    samples = {name: tuple(tuple(run.values(name) for run in column.runs) for column in columns) for name in names}
    return Scored(
        scores=tuple(_score(name, columns) for name in names),
        single=tuple(name for name in names if any(any(each) for each in samples[name])),
        samples=samples,
        diagnostics={
            name: (meaning, tuple(_diagnostic(name, column) for column in columns))
            for name, meaning in diagnostics(runs).items()
        },
    )


def _diagnostic(name: str, column: Column) -> Over:
    return Over.of(run.diagnostics.get(name, math.nan) for run in column.runs)


def _value(name: str, column: Column) -> Over:
    energy = name == ENERGY
    return Over.of(mean(run, name) if energy else run.scores.get(name, math.nan) for run in column.runs)


def _score(name: str, columns: Sequence[Column]) -> Score:
    told = explain(name)
    values = [_value(name, column) for column in columns]
    rows = [
        Row(
            column.key,
            column.label,
            [v for run in column.runs for v in run.values(name).values()],
            str(value),
            value.mean,
        )
        for column, value in zip(columns, values, strict=True)
    ]
    bounds = told.spec.range if told.spec else (0.0, math.inf) if name == ENERGY else (-math.inf, math.inf)
    return Score(
        explanation=told,
        values=tuple(values),
        best=_best([value.mean for value in values], told),
        chart=dots(f"{name} by method", rows, bounds, _yardstick(name, columns[0].first)),
        details=_details(name, columns),
    )


def _best(values: Sequence[float], told: Explanation) -> tuple[bool, ...]:
    if len(values) < 2 or told.spec is None:
        return (False,) * len(values)
    return tuple(mark is Mark.BEST for mark in marks(values, told.spec))


def _yardstick(name: str, run: Finished) -> tuple[float, str] | None:
    if name == ENERGY:
        return 1.0, "white noise"
    expected = run.details.get(name, {}).get(NULL)
    return (float(expected), "white noise") if isinstance(expected, int | float) else None


def _details(name: str, columns: Sequence[Column]) -> dict[str, tuple[Over | str | None, ...]]:
    keys = dict.fromkeys(key for column in columns for run in column.runs for key in run.details.get(name, {}))
    return {
        key: tuple(_detail([run.details.get(name, {}).get(key) for run in one.runs]) for one in columns) for key in keys
    }


def _detail(values: Sequence[float | str | None]) -> Over | str | None:
    """Numbers over the seeds; of what is no number, that of the first."""
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values):
        return Over.of(numbers)
    return None if values[0] is None else str(values[0])
