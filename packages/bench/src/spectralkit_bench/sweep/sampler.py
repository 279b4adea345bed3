"""Who says which points are run: every combination, or a search that learns from those that are done."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit_bench.sweep.axis import Axis, Point
from spectralkit_bench.sweep.span import Span

Scores = Mapping[str, float | None]
"""Of a point, by metric; None where one is not finite, empty where the point failed."""


class Sampler(Protocol):
    """Proposes points in rounds. What it proposes depends on what it was told, and on nothing else."""

    @property
    def left(self) -> int:
        """How many points are still to be proposed."""
        ...

    def propose(self) -> list[Point]:
        """The points of the next round; none when it is done."""
        ...

    def learn(self, scores: Sequence[Scores]) -> None:
        """What became of the points of the round, in their order."""
        ...


@attrs.define
class Combinations:
    """Every combination of values, in one round.

    Args:
        axes: What is varied.

    Raises:
        ConfigurationError: If an axis is a range.
    """

    axes: tuple[Axis, ...]
    _waiting: list[Point] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        values = []
        for axis in self.axes:
            if isinstance(axis.values, Span):
                raise ConfigurationError(
                    f"a grid has no ranges, and {axis.name} is one: write its values, V,V, or choose a --sampler"
                )
            values.append(axis.values)
        names = [axis.name for axis in self.axes]
        self._waiting = [dict(zip(names, point, strict=True)) for point in itertools.product(*values)]

    @property
    def left(self) -> int:
        """How many are not proposed yet."""
        return len(self._waiting)

    def propose(self) -> list[Point]:
        """All of them, once."""
        found, self._waiting = self._waiting, []
        return found

    def learn(self, scores: Sequence[Scores]) -> None:
        """There is nothing to learn."""
