"""What figures of one score against another share: points, and how strongly the two go together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from spectralkit_bench.figures.style import SOURCE

SYMBOLS = {"s-g": r"$S_G$", "s-dc": r"$S_{DC}$", "s-hf": r"$S_{HF}$", "s-lf": r"$S_{LF}$", "psnr": "PSNR"}
FEWEST = 3
"""Fewer points than these have no correlation to speak of: two lie on a line whatever they are."""


def symbol(score: str) -> str:
    """How the paper writes it."""
    return SYMBOLS.get(score, score)


def pearson(x: Sequence[float], y: Sequence[float]) -> float:
    """Pearson's r; NaN of too few points, of one that is not finite, and of what does not vary."""
    varied = len(set(x)) > 1 and len(set(y)) > 1
    if len(x) < FEWEST or not varied or not all(map(math.isfinite, (*x, *y))):
        return math.nan
    return statistics.correlation(x, y)


def told(r: float) -> str:
    """``r = 0.93``, where there is one."""
    return "" if math.isnan(r) else f"r = {r:.2f}"


def trend(axis: Axes, x: Sequence[float], y: Sequence[float]) -> float:
    """Draw the line that fits best, where there is a correlation, and return it."""
    r = pearson(x, y)
    if not math.isnan(r):
        ends = np.array([min(x), max(x)])
        axis.plot(ends, np.polyval(np.polyfit(x, y, 1), ends), color=SOURCE, lw=0.8, ls="--", zorder=1)
    return r
