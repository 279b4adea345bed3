"""A point of a sweep, and what has become of it."""

from __future__ import annotations

import attrs

from spectralkit.running.config import RunConfig
from spectralkit_bench.grid.line import Line
from spectralkit_bench.reproducing import command
from spectralkit_bench.sweep.axis import Point, told
from spectralkit_bench.sweep.front import Pair
from spectralkit_bench.sweep.sampler import Scores


@attrs.frozen(kw_only=True)
class Trial:
    """A point of a sweep.

    Args:
        values: Of what is varied.
        config: What is run; that of all points where this one cannot be.
        key: Of its cell; empty where it cannot be run.
        scores: By metric; empty where it failed, or is not done.
        error: Why it failed.
    """

    values: Point
    config: RunConfig
    key: str = ""
    scores: Scores = attrs.field(factory=dict)
    error: str = ""

    def pair(self, names: tuple[str, str]) -> Pair | None:
        """Two of its scores, where it has both."""
        first, second = (self.scores.get(name) for name in names)
        return None if first is None or second is None else (first, second)

    @property
    def command(self) -> str:
        """What runs it again; empty where it cannot be run."""
        return command(self.config) if self.key else ""

    @property
    def line(self) -> Line:
        """Its line of a table."""
        config = self.config
        labels = {"dataset": config.dataset or "", "scale": "", "model": config.model, "method": told(self.values)}
        if not self.key:
            return Line(labels=labels, method=config.method, refusals=(self.error,))
        return Line(labels=labels, method=config.method, cells={config.seed: self.key})
