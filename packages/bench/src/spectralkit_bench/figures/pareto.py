"""Structure against texture, and the runs that no other run is better than in both (Fig. 6)."""

from __future__ import annotations

from matplotlib.lines import Line2D

from spectralkit_bench.figures.catalogue import POINTS
from spectralkit_bench.figures.material import Drawing, Material, check_looks
from spectralkit_bench.figures.naming import family
from spectralkit_bench.figures.scatter import symbol
from spectralkit_bench.figures.style import COLUMN, SOURCE, handles, legend, marker, panels
from spectralkit_bench.sweep.front import front


def draw(material: Material) -> Drawing:
    """A point a run, a colour for each combination of methods."""
    families = [family(subject.run.config) for subject in material.subjects]
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(families))}
    check_looks(ranks, POINTS)
    points = [(subject.run.scores["s-hf"], subject.run.scores["s-lf"]) for subject in material.subjects]
    best = front(points)
    figure, (axis,) = panels(COLUMN, 2.5)
    axis.step(*zip(*(points[i] for i in best), strict=True), where="pre", color=SOURCE, lw=0.8, ls="--", zorder=1)
    for name, point in zip(families, points, strict=True):
        axis.plot(*point, **marker(ranks[name]))
    axis.set_xlabel(symbol("s-hf"))
    axis.set_ylabel(symbol("s-lf"))
    axis.margins(0.1)
    axis.locator_params(axis="x", nbins=5)
    legend(figure, [*handles(ranks, marker), Line2D([], [], color=SOURCE, lw=0.8, ls="--", label="front")], 3)
    named = ", ".join(dict.fromkeys(material.subjects[i].label for i in best))
    return Drawing(figure, f"{len(points)} runs. On the front, by ascending S_HF: {named}.")
