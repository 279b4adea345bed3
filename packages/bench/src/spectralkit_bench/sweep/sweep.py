"""A sweep: a grid whose lines are values of parameters, its fronts, and the point that is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Loader
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.cells.identity import identify
from spectralkit_bench.grid.line import Line
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.reproducing import command
from spectralkit_bench.sweep.front import Pair, chosen, front, oriented
from spectralkit_bench.tables.result import metric_of

FRONTS = (("s-hf", "s-lf"), ("kd-lite0", "s-lf"))
"""What is gained, and what for."""


@attrs.frozen(kw_only=True)
class Trial:
    """A point of the sweep.

    Args:
        values: Of what is varied.
        config: What was run.
        key: Of its cell.
        scores: By metric; empty where it failed.
    """

    values: Mapping[str, Any]
    config: RunConfig
    key: str
    scores: Mapping[str, float | None] = attrs.field(factory=dict)

    def pair(self, names: tuple[str, str]) -> Pair | None:
        """Two of its scores, where it has both."""
        first, second = (self.scores.get(name) for name in names)
        return None if first is None or second is None else (first, second)

    @property
    def command(self) -> str:
        """What runs it again."""
        return command(self.config)


@attrs.frozen(kw_only=True)
class Front:
    """The front of two scores.

    Args:
        names: Of the metrics.
        members: Its trials, by ascending first score's worth.
        chosen: The one nearest to the best of both.
    """

    names: tuple[str, str]
    members: tuple[Trial, ...]
    chosen: Trial


def plan_of(
    name: str, points: Sequence[tuple[dict[str, Any], RunConfig]], loader: Loader
) -> tuple[Plan, list[Cell], list[Trial]]:
    """The sweep as a plan that a store keeps, its cells, and its trials before they are run.

    Raises:
        SpectralkitError: If a point cannot be run.
    """
    cells, lines, trials = {}, [], []
    for values, config in points:
        cell = identify(config, loader)
        cells[cell.key] = cell
        labels = {"dataset": str(cell.config.dataset), "scale": "", "model": cell.config.model, "method": _told(values)}
        lines.append(Line(labels=labels, method=cell.config.method, cells={cell.config.seed: cell.key}))
        trials.append(Trial(values=values, config=cell.config, key=cell.key))
    plan = Plan(title=name, columns=("method",), within=("dataset",), improved=None, lines=tuple(lines))
    return plan, list(cells.values()), trials


def _told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def fronts(trials: Sequence[Trial]) -> Iterator[Front]:
    """Those of :data:`FRONTS` whose scores were measured."""
    for names in FRONTS:
        scored = [(trial, pair) for trial in trials if (pair := trial.pair(names)) is not None]
        if scored:
            points = oriented([pair for _, pair in scored], (metric_of(names[0]), metric_of(names[1])))
            members = tuple(scored[i][0] for i in front(points))
            yield Front(names=names, members=members, chosen=scored[chosen(points)][0])
