"""Texture and structure against decorrelation, a point a run (Fig. 4)."""

from __future__ import annotations

import math
import statistics

from matplotlib.axes import Axes

from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.scatter import symbol, told, trend
from spectralkit_bench.figures.style import PAGE, handles, legend, marker, panels


def draw(material: Material) -> Drawing:
    """S_HF at the left, S_LF at the right."""
    figure, axes = panels(PAGE, 2.5, 1, 2)
    for axis, score in zip(axes, ("s-hf", "s-lf"), strict=True):
        _panel(axis, material.subjects, "s-dc", score)
    legend(figure, handles(material.ranks, marker))
    return Drawing(
        figure,
        f"{len(material.subjects)} runs; bars are standard errors over samples. r is Pearson's, over runs, where "
        "there are at least three; the dashed line is the least-squares fit.",
    )


def _panel(axis: Axes, subjects: tuple[Subject, ...], across: str, up: str) -> None:
    x, y = [[subject.run.scores[score] for subject in subjects] for score in (across, up)]
    for subject, a, b in zip(subjects, x, y, strict=True):
        axis.errorbar(
            a, b, xerr=_error(subject, across), yerr=_error(subject, up), elinewidth=0.8, **marker(subject.rank)
        )
    axis.set_title(told(trend(axis, x, y)))
    axis.set_xlabel(symbol(across))
    axis.set_ylabel(symbol(up))


def _error(subject: Subject, score: str) -> float:
    """Standard error of a mean over samples."""
    values = list(subject.run.values(score).values())
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
