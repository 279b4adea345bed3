"""Which values of a column stand out: the best, and what comes within 5 % of it.

At least 0.95 of the best where higher is better, at most 1 / 0.95 of it where lower is; the best itself is never close.
Where the best score lies between others, the nearest to it is the best, and nothing is close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from spectralkit.plugins.specs import MetricSpec

CLOSE = 0.95


class Mark(StrEnum):
    """How a value stands among its rivals."""

    BEST = "best"
    CLOSE = "close"
    NONE = "none"


def marks(values: Sequence[float | None], spec: MetricSpec) -> list[Mark]:
    """One mark a value; None and NaN compete with nothing."""
    found = [value if value is not None and math.isfinite(value) else None for value in values]
    present = [value for value in found if value is not None]
    if not present or (spec.higher_is_better is None and spec.best is None):
        return [Mark.NONE] * len(found)
    best = min(present, key=lambda value: _distance(value, spec))
    return [Mark.NONE if value is None else _mark(value, best, spec) for value in found]


def _distance(value: float, spec: MetricSpec) -> float:
    """From the best score that there can be; smaller is better."""
    if spec.higher_is_better is None:
        return abs(value - (spec.best or 0.0))
    return -value if spec.higher_is_better else value


def _mark(value: float, best: float, spec: MetricSpec) -> Mark:
    if _distance(value, spec) == _distance(best, spec):
        return Mark.BEST
    if spec.higher_is_better is None:
        return Mark.NONE
    return Mark.CLOSE if (value >= CLOSE * best if spec.higher_is_better else value <= best / CLOSE) else Mark.NONE
