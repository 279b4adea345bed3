"""Numbers as a page tells them: over the seeds of a method, in few digits."""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs

from spectralkit_bench.tables.spread import Spread

ROUND_OFF = 1e-7
"""Of a mean, what a deviation is not told below: scores come of numbers of 32 bits."""


@attrs.frozen
class Over:
    """A number over the seeds of a method.

    Args:
        mean: Of all runs; NaN where one of several is not finite.
        sd: Their standard deviation; None of a single one.
    """

    mean: float
    sd: float | None = None

    @classmethod
    def of(cls, values: Iterable[float]) -> Over:
        """Of at least one run."""
        spread = Spread.of(values)
        if len(spread.values) == 1:
            return cls(spread.values[0])
        sd = spread.sd
        return cls(spread.mean, sd if sd is not None and math.isfinite(sd) else None)

    @property
    def deviation(self) -> str:
        """``sd``, to as many decimals as the mean if they show any of it; empty where nothing deviates."""
        if not self.sd or self.sd < ROUND_OFF * abs(self.mean):
            return ""
        mean = short(self.mean)
        sd = f"{self.sd:.{len(mean.partition('.')[2])}f}"
        return sd if float(sd) and "e" not in mean else f"{self.sd:.1g}"

    def __str__(self) -> str:
        """``mean ± sd``, or the mean alone."""
        return " ± ".join(filter(None, (short(self.mean), self.deviation)))


def short(value: Over | float | str | None) -> str:
    """A number in four digits, text as it is."""
    if value is None or isinstance(value, str):
        return value or "—"
    if isinstance(value, Over):
        return str(value)
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return "—" if math.isnan(value) else f"{value:.4g}"


def share(value: float | Over) -> str:
    """A share in per cent; what is small but not zero is not told as zero."""
    over = value if isinstance(value, Over) else Over(value)
    percent = 100 * over.mean
    told = f"{percent:.0f}" if percent >= 1 or percent <= 0 else f"{percent:.1g}"
    return f"{told} ± {100 * over.sd:.1g}\u00a0%" if over.sd else f"{told}\u00a0%"  # a line does not break before it
