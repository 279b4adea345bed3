"""One score of every sample against its S_DC: what Figs. 15 and 16 share."""

from __future__ import annotations

import statistics

from spectralkit.running.picture import shorten
from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.naming import LONGEST
from spectralkit_bench.figures.scatter import symbol, told, trend
from spectralkit_bench.figures.style import PAGE, colour, handles, legend, marker, panels, wrapped


def against(material: Material, score: str) -> Drawing:
    """``score`` up, S_DC across: a panel a setting, a point a sample."""
    settings = material.apart("setting")
    columns = min(3, len(settings))
    rows = -(-len(settings) // columns)
    figure, axes = panels(min(PAGE, 3.1 * columns + 0.2), 2.3 * rows + 0.2, rows, columns)
    for axis in axes[len(settings) :]:
        axis.remove()
    for axis, (setting, part) in zip(axes, settings.items(), strict=False):
        across: list[float] = []
        up: list[float] = []
        for subject in part.subjects:
            x, y = subject.run.values("s-dc"), subject.run.values(score)
            both = [identifier for identifier in x if identifier in y]
            a, b = [x[identifier] for identifier in both], [y[identifier] for identifier in both]
            axis.scatter(a, b, s=5, color=colour(subject.rank), alpha=0.45, lw=0)
            axis.plot(statistics.fmean(a), statistics.fmean(b), **marker(subject.rank), zorder=4)
            across, up = across + a, up + b
        r = told(trend(axis, across, up))
        axis.set_title(
            "\n".join(
                [*wrapped(shorten(setting, LONGEST), 36), f"{r}, {len(up)} samples" if r else f"{len(up)} samples"]
            )
        )
        axis.set_xlabel(symbol("s-dc"))
    for row in range(rows):
        axes[row * columns].set_ylabel(symbol(score))
    legend(figure, handles(material.ranks, marker))
    return Drawing(
        figure,
        "Small points are samples, large ones the means of runs; r is Pearson's over all samples of a panel, the "
        "dashed line the least-squares fit.",
    )
