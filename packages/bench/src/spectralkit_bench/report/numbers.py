"""Numbers as a page tells them: over the seeds of a method, in few digits."""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs

from spectralkit_bench.tables.spread import Spread


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

    def __str__(self) -> str:
        """``mean ± sd``, to as many decimals, if they show any of it; the mean alone where nothing deviates."""
        mean = short(self.mean)
        if not self.sd:
            return mean
        sd = f"{self.sd:.{len(mean.partition('.')[2])}f}"
        return f"{mean} ± {sd if float(sd) and 'e' not in mean else f'{self.sd:.1g}'}"


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
    return f"{told} ± {100 * over.sd:.1g} %" if over.sd else f"{told} %"
