r"""Mean and standard deviation over runs.

.. math:: \bar v = \tfrac1n \sum_i v_i, \qquad s^2 = \tfrac1{n - 1} \sum_i (v_i - \bar v)^2
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs


@attrs.frozen
class Spread:
    """Numbers of several runs.

    Args:
        values: One a run, at least one.
    """

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of at least one number."""
        return cls(tuple(values))

    @property
    def mean(self) -> float:
        """Their mean; NaN where one is not finite."""
        if not all(map(math.isfinite, self.values)):
            return math.nan
        return math.fsum(self.values) / len(self.values)

    @property
    def sd(self) -> float | None:
        """Their standard deviation (ddof 1); None of a single one."""
        if len(self.values) < 2:
            return None
        mean = self.mean
        return math.sqrt(math.fsum((value - mean) ** 2 for value in self.values) / (len(self.values) - 1))

    def told(self, digits: int, between: str = " ± ") -> str:
        """``mean ± sd``, or the mean alone of a single run."""
        mean, sd = self.mean, self.sd
        if math.isnan(mean):
            return "not finite"
        return f"{mean:.{digits}f}" + ("" if sd is None else f"{between}{sd:.{digits}f}")
