"""The norms of noise maps against their decorrelation, a point a run (Fig. 8)."""

from __future__ import annotations

from matplotlib.lines import Line2D

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.scatter import symbol, told, trend
from spectralkit_bench.figures.style import COLUMN, REFERENCE, handles, legend, marker, panels

NULL = {"s-g": "expected under the null", "s-dc": "flagged under the null"}
"""Where the metrics' details say what white noise has."""


def draw(material: Material) -> Drawing:
    """S_G up, S_DC across, and where white noise would lie."""
    figure, (axis,) = panels(COLUMN, 2.5)
    x, y = [[subject.run.scores[score] for subject in material.subjects] for score in ("s-dc", "s-g")]
    details = material.subjects[0].run.details
    axis.axvline(1 - float(details["s-dc"][NULL["s-dc"]]), color=REFERENCE, lw=0.6, ls=":")
    axis.axhline(float(details["s-g"][NULL["s-g"]]), color=REFERENCE, lw=0.6, ls=":")
    for subject, a, b in zip(material.subjects, x, y, strict=True):
        axis.plot(a, b, **marker(subject.rank), clip_on=False)
    axis.set_title(told(trend(axis, x, y)))
    axis.set_xlabel(symbol("s-dc"))
    axis.set_ylabel(symbol("s-g"))
    axis.set_xlim(0, 1.02)
    axis.set_ylim(0, 1.02)
    white = Line2D([], [], color=REFERENCE, lw=0.6, ls=":", label="white noise")
    legend(figure, [*handles(material.ranks, marker), white], 3)
    return Drawing(
        figure,
        f"{len(x)} runs; the dotted lines are what white noise of the first run's N and channels is expected to have. "
        "r is Pearson's, where there are at least three runs.",
    )
