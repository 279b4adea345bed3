"""The Pareto front of two scores, and a point of it.

A point is on the front if none is at least as good in both and better in one. The chosen one is nearest to the best of
both, each score measured in the range that it takes over all points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from spectralkit.plugins.specs import MetricSpec

Pair = tuple[float, float]


def oriented(scores: Sequence[Pair], specs: tuple[MetricSpec, MetricSpec]) -> list[Pair]:
    """The scores with higher better in both."""
    a, b = (1 if spec.higher_is_better else -1 for spec in specs)
    return [(a * x, b * y) for x, y in scores]


def front(points: Sequence[Pair]) -> list[int]:
    """Indices of the points that are not beaten, by ascending first number; higher is better in both."""

    def beaten(point: Pair) -> bool:
        return any(other != point and other[0] >= point[0] and other[1] >= point[1] for other in points)

    return sorted((i for i, point in enumerate(points) if not beaten(point)), key=lambda i: points[i])


def chosen(points: Sequence[Pair]) -> int:
    """The index of the point of the front that is nearest to the best of both."""
    best = [max(point[axis] for point in points) for axis in (0, 1)]
    spans = [best[axis] - min(point[axis] for point in points) or 1.0 for axis in (0, 1)]

    def distance(i: int) -> float:
        return math.hypot(*((best[axis] - points[i][axis]) / spans[axis] for axis in (0, 1)))

    return min(front(points), key=distance)
