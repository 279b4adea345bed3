"""A score of every sample as a dot, a row a method, and the mean as a bar through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import attrs
from markupsafe import Markup

from spectralkit.running.picture import shorten
from spectralkit_bench.report.charts.axis import Axis, spanning, told
from spectralkit_bench.report.charts.svg import chart, element

WIDTH, ROW, EDGE = 330.0, 48.0, 10.0
HEAD, FOOT = 18.0, 24.0
SPREAD = 14.0
MOST_LETTERS = 42
GOLDEN = 0.618034
"""Dots are spread across their row by multiples of it, so that neighbours rarely meet."""


@attrs.frozen
class Row:
    """A method's samples.

    Args:
        key: Of its colour.
        label: Its name.
        values: One a sample and seed; none for a score of the whole set.
        told: The score of all, in words.
        score: Where it lies.
    """

    key: str
    label: str
    values: Sequence[float]
    told: str
    score: float


def dots(title: str, rows: Sequence[Row], bounds: tuple[float, float], mark: tuple[float, str] | None = None) -> Markup:
    """A chart of a score.

    Args:
        title: What is shown.
        rows: One a method.
        bounds: Smallest and largest score that there can be.
        mark: A yardstick: its value and what it is.
    """
    finite = [value for row in rows for value in (*row.values, row.score) if math.isfinite(value)]
    x = spanning([*finite, *([mark[0]] if mark else [])], EDGE, WIDTH - EDGE, bounds)
    height = HEAD + ROW * len(rows) + FOOT
    scores = "; ".join(f"{row.label}: {row.told}" for row in rows)
    return chart(
        title,
        f"A dot a sample, a bar at the mean. {scores}.{f' {mark[1]}: {mark[0]:.3g}.' if mark else ''}",
        (WIDTH, height),
        *_axis(x, height - FOOT),
        *([_yardstick(x(mark[0]), mark[1], height - FOOT)] if mark else []),
        *(part for i, row in enumerate(rows) for part in _row(row, x, HEAD + i * ROW)),
    )


def _row(row: Row, x: Axis, top: float) -> list[ET.Element]:
    middle = top + 0.66 * ROW
    told = "no number" if math.isnan(row.score) else row.told
    score = element("tspan", f" {told}", class_="score")
    label = shorten(row.label, MOST_LETTERS - len(told))
    drawn = [element("text", label, score, class_="label", x=EDGE, y=top + 14)]
    places = [
        f"M{x(value):.1f} {middle + SPREAD * ((GOLDEN * i) % 1 - 0.5):.1f}h0"
        for i, value in enumerate(row.values)
        if math.isfinite(value)
    ]
    if places:
        drawn.append(element("path", class_=f"dots of-{row.key}", d="".join(places)))
    if math.isfinite(row.score):
        at = x(row.score)
        drawn.append(element("line", class_=f"mean of-{row.key}", x1=at, x2=at, y1=middle - 11, y2=middle + 11))
    return drawn


def _axis(x: Axis, bottom: float) -> list[ET.Element]:
    drawn = []
    for tick in x.ticks():
        at = x(tick)
        anchor = "start" if at < EDGE + 12 else "end" if at > WIDTH - EDGE - 12 else "middle"
        drawn.append(element("line", class_="grid", x1=at, x2=at, y1=HEAD, y2=bottom))
        drawn.append(element("text", told(tick), class_=f"tick {anchor}", x=at, y=bottom + 18))
    return drawn


def _yardstick(at: float, what: str, bottom: float) -> ET.Element:
    anchor = "end" if at > WIDTH / 2 else "start"
    return element(
        "g",
        element("line", class_="yardstick", x1=at, x2=at, y1=HEAD - 4, y2=bottom),
        element("text", what, class_=f"tick {anchor}", x=at + (4 if anchor == "end" else -4), y=HEAD - 6),
    )
