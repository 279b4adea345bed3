"""Axes: numbers to places, and ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import attrs

TARGET = 5
"""About as many ticks."""


@attrs.frozen
class Axis:
    """A linear or logarithmic axis.

    Args:
        low: Smallest value.
        high: Largest value.
        start: Where the smallest lies.
        end: Where the largest lies.
        logarithmic: Whether equal steps are equal factors.
    """

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value; one beyond the ends lies at the end."""
        scale: Callable[[float], float] = math.log10 if self.logarithmic else float
        low, high, x = scale(self.low), scale(self.high), scale(min(max(value, self.low), self.high))
        return self.start + (x - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round numbers from end to end."""
        if self.logarithmic:
            if self.high < 30 * self.low:
                return [tick for tick in self._between() if self.low <= tick <= self.high]
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            every = max(1, round((last - first) / TARGET))
            return [10.0**power for power in range(first, last + 1, every)]
        step = _step(self.high - self.low)
        return [i * step for i in range(math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9) + 1)]

    def _between(self) -> list[float]:
        """1, 2 and 5 times powers of ten."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [factor * 10.0**power for power in powers for factor in (1, 2, 5)]


def spanning(values: Sequence[float], start: float, end: float, bounds: tuple[float, float]) -> Axis:
    """A linear axis around finite ``values``, all of ``bounds`` where the values take a good part of them."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if all(map(math.isfinite, bounds)) and high - low > 0.3 * (bounds[1] - bounds[0]):
        return Axis(min(low, bounds[0]), max(high, bounds[1]), start, end)
    margin = 0.08 * (high - low) or 0.05 * abs(high) or 0.5
    low = low - margin if low < bounds[0] or low - margin > bounds[0] else bounds[0]
    high = high + margin if high > bounds[1] or high + margin < bounds[1] else bounds[1]
    return Axis(low, high, start, end)


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten, for about :data:`TARGET` steps."""
    raw = span / TARGET
    power = 10.0 ** math.floor(math.log10(raw))
    return power * next(factor for factor in (1, 2, 5, 10) if raw <= factor * power)


def told(value: float) -> str:
    """A tick in as few signs as it takes."""
    exponent = math.log10(value) if value > 0 else 0.0
    if (exponent < -3 or exponent >= 5) and abs(exponent - round(exponent)) < 1e-9:
        return f"10{str(round(exponent)).translate(_RAISED)}"
    return f"{value:.6g}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
