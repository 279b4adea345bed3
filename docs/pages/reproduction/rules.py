"""The rules by which a verdict is computed from figures; each says what it saw."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

import attrs

from pages.reproduction.distances import Interval
from pages.reproduction.results import AbsentError

ROUND_OFF = 1e-9
"""Of a difference of two scores: 0.95 - 0.85 is not below 0.1."""


class Verdict(StrEnum):
    """What is said of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    UNTESTED = "not tested"

    @classmethod
    def of(cls, holds: bool) -> Verdict:
        """Of a claim that was tested."""
        return cls.HOLDS if holds else cls.FAILS


@attrs.frozen
class Finding:
    """A verdict with the figures it was computed from.

    Args:
        verdict: What is said.
        told: The figures.
        why: What in the figures explains a failure, if anything does.
    """

    verdict: Verdict
    told: str
    why: str = ""


def at_least(value: float, bound: float) -> Finding:
    """Holds if ``value >= bound``."""
    return Finding(Verdict.of(value >= bound), f"{value:.3f}")


def at_most(value: float, bound: float) -> Finding:
    """Holds if ``value <= bound``."""
    return Finding(Verdict.of(value <= bound), f"{value:.3f}")


def exceeds(value: float, other: float, margin: float = 0.0) -> Finding:
    """Holds if ``value > other``; with a margin, if the difference reaches it."""
    holds = value - other >= margin - ROUND_OFF if margin else value > other
    return Finding(Verdict.of(holds), f"{value:.3f} against {other:.3f}")


def below(difference: Interval, digits: int) -> Finding:
    """Holds if the whole interval of the difference lies below 0."""
    why = "the interval reaches 0: more samples may settle it" if difference.low < 0 <= difference.high else ""
    return Finding(Verdict.of(difference.high < 0), difference.told(digits), why)


def share(pairs: Iterable[tuple[float, float]], *, higher_is_better: bool, most: bool) -> Finding:
    """Holds if the first of a pair is strictly better in more than half of them; unless ``most``, in less than half.

    Raises:
        AbsentError: If there is no pair.
    """
    units = list(pairs)
    if not units:
        raise AbsentError("needs runs of both with the same seed")
    better = sum((a > b) if higher_is_better else (a < b) for a, b in units)
    ties = sum(a == b for a, b in units)
    holds = 2 * better > len(units) if most else 2 * better < len(units)
    why = f"{ties} of the {len(units)} are ties, which count as no" if ties else ""
    return Finding(Verdict.of(holds), f"{better} of {len(units)} ({better / len(units):.1%})", why)


def correlates(points: Sequence[tuple[float, float]], sign: int, strength: float) -> Finding:
    """Holds if Pearson's r has the sign, at least the strength, and a 95 % interval (Fisher's z) without 0.

    Raises:
        AbsentError: If there are fewer than four points, or one side does not vary.
    """
    if len(points) < 4:
        raise AbsentError(f"needs at least four cells, there are {len(points)}")
    r = pearson(points)
    z, half = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, r))), 1.959964 / math.sqrt(len(points) - 3)
    low, high = math.tanh(z - half), math.tanh(z + half)
    holds = sign * r >= strength and low * high > 0
    why = "the interval holds 0: too few cells, or they spread too little" if low * high <= 0 else ""
    return Finding(Verdict.of(holds), f"r = {r:+.2f} [{low:+.2f}, {high:+.2f}], {len(points)} cells", why)


def pearson(points: Sequence[tuple[float, float]]) -> float:
    """Pearson's correlation.

    Raises:
        AbsentError: If one side does not vary.
    """
    x, y = (
        [float(value) - math.fsum(column) / len(column) for value in column] for column in zip(*points, strict=True)
    )
    scale = math.sqrt(math.fsum(a * a for a in x) * math.fsum(b * b for b in y))
    if scale == 0:
        raise AbsentError("needs scores that differ: one of the two is the same in every cell")
    return math.fsum(a * b for a, b in zip(x, y, strict=True)) / scale


def within(deviations: Sequence[float], bound: float) -> Finding:
    """Holds if no deviation exceeds ``bound`` in size."""
    return Finding(Verdict.of(all(abs(d) <= bound for d in deviations)), ", ".join(f"{d:+.2f}" for d in deviations))


def outside(deviation: float, bound: float) -> Finding:
    """Holds if the deviation exceeds ``bound`` in size."""
    return Finding(Verdict.of(abs(deviation) > bound), f"{deviation:+.2f}")


def falling(values: Sequence[float]) -> Finding:
    """Holds if every value is below the one before."""
    holds = all(b < a for a, b in itertools.pairwise(values))
    return Finding(Verdict.of(holds), ", ".join(f"{value:.3f}" for value in values))


def together(findings: Iterable[Finding]) -> Finding:
    """Holds if all hold."""
    several = list(findings)
    holds = all(finding.verdict is Verdict.HOLDS for finding in several)
    told, why = ("; ".join(filter(None, lines)) for lines in ((f.told for f in several), (f.why for f in several)))
    return Finding(Verdict.of(holds), told, why)
