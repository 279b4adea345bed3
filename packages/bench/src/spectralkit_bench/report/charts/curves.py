"""Spectra: power over spatial frequency, both logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import attrs
from markupsafe import Markup

from spectralkit_bench.report.charts.axis import Axis, told
from spectralkit_bench.report.charts.svg import chart, element

WIDTH, HEIGHT = 420.0, 290.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 24.0, 40.0
MOST_DECADES = 8
FREQUENCIES = (0.02, 0.05, 0.1, 0.2, 0.5)


@attrs.frozen
class Curve:
    """A spectrum.

    Args:
        key: Of its colour and dash: ``source``, ``reference``, ``white``, ``run0``, ...
        label: For a reader.
        frequency: Cycles per pixel, ascending, above 0.
        power: As many.
    """

    key: str
    label: str
    frequency: Sequence[float]
    power: Sequence[float]


def curves(title: str, found: Sequence[Curve], ordinate: str = "power") -> Markup:
    """A chart of spectra; empty where no curve has two points."""
    found = [curve for curve in found if sum(p > 0 and math.isfinite(p) for p in curve.power) > 1]
    if not found:
        return Markup("")
    powers = [p for curve in found for p in curve.power if p > 0 and math.isfinite(p)]
    high = max(powers) * 1.5
    low = max(min(powers) / 1.5, high / 10**MOST_DECADES)
    y = Axis(low, high, HEIGHT - BOTTOM, TOP, logarithmic=True)
    x = Axis(min(curve.frequency[0] for curve in found), 0.5, LEFT, WIDTH - RIGHT, logarithmic=True)
    ends = "; ".join(
        f"{curve.label}: {curve.power[0]:.3g} at the lowest, {curve.power[-1]:.3g} at the highest" for curve in found
    )
    return chart(
        title,
        f"Radially averaged power over spatial frequency. {ends}.",
        (WIDTH, HEIGHT),
        *_grid(x, y, ordinate),
        *(_line(curve, x, y) for curve in found),
    )


def _line(curve: Curve, x: Axis, y: Axis) -> ET.Element:
    points = [(x(f), y(p)) for f, p in zip(curve.frequency, curve.power, strict=True) if p > 0 and math.isfinite(p)]
    path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    return element("path", element("title", curve.label), class_=f"curve of-{curve.key}", d=path)


def _grid(x: Axis, y: Axis, ordinate: str) -> list[ET.Element]:
    drawn = []
    for tick in y.ticks():
        drawn.append(element("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y(tick), y2=y(tick)))
        drawn.append(element("text", told(tick), class_="tick end", x=LEFT - 6, y=y(tick) + 4))
    for tick in (f for f in FREQUENCIES if x.low <= f <= x.high):
        drawn.append(element("line", class_="grid", x1=x(tick), x2=x(tick), y1=TOP, y2=HEIGHT - BOTTOM))
        anchor = "end" if tick == FREQUENCIES[-1] else "middle"
        drawn.append(element("text", told(tick), class_=f"tick {anchor}", x=x(tick), y=HEIGHT - BOTTOM + 16))
    drawn.append(
        element(
            "text", "coarse ← cycles per pixel → fine", class_="name middle", x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6
        )
    )
    drawn.append(element("text", ordinate, class_="name end", x=LEFT - 6, y=TOP - 10))
    return drawn
