"""Do the norms of noise maps follow the chi-squared law of the prior? (Fig. 7)

``||x_T||^2 = d x energy``, and a run's table has the energy of every sample, so that no latent need have been saved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy.stats import chi2

from spectralkit.errors import DataError
from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.style import COLOURS, PAGE, colour, legend, panels, wrapped
from spectralkit_metrics_spectral import gaussianity

LAW = COLOURS[1]

TALLEST = 2.5
"""Where the axis ends, as a multiple of the law's peak: a set of equal norms is a spike of any height."""


def draw(material: Material) -> Drawing:
    """A panel for each label."""
    labelled = material.labelled()
    columns = 2 if len(labelled) == 4 else min(3, len(labelled))
    rows = -(-len(labelled) // columns)
    width = min(PAGE, 2.3 * columns + 0.4)
    figure, axes = panels(width, 1.95 * rows + 0.1, rows, columns)
    for axis in axes[len(labelled) :]:
        axis.remove()
    for axis, (label, subjects) in zip(axes, labelled.items(), strict=False):
        _panel(axis, label, subjects)
    for row in range(rows):
        axes[row * columns].set_ylabel("density")
    handles = [Line2D([], [], color=LAW, label=r"$\chi^2(d)\,/\,d$")]
    legend(figure, handles)
    return Drawing(
        figure,
        "Histograms, each of area 1, of squared norms over their number of values, d; orange is the chi-squared law of "
        f"white noise, of mean 1; bars above {TALLEST:g} times its peak are cut off. "
        f"d = {', '.join(dict.fromkeys(str(subject.dimension) for subject in material.firsts))}.",
    )


def histogram(ratios: Sequence[float], d: int) -> tuple[np.ndarray, np.ndarray]:
    """Density and edges; bins are as wide as the number of values suggests, and at least a third of the law's sd."""
    low, high = min(ratios), max(ratios)
    edges = np.histogram_bin_edges(ratios, "auto")
    width = max(float(edges[1] - edges[0]), math.sqrt(2 / d) / 3)
    count = max(1, math.ceil((high - low) / width))
    middle, reach = (low + high) / 2, count * width / 2 * (1 + 1e-9)  # round-off must not leave the ends outside
    return np.histogram(ratios, count, (middle - reach, middle + reach), density=True)


def _panel(axis: Axes, label: str, subjects: tuple[Subject, ...]) -> None:
    d = subjects[0].dimension
    ratios = [value for subject in subjects for value in subject.run.values("energy").values()]
    if not ratios:
        raise DataError(f"run directory {subjects[0].run.directory} has no energies in its table: run it again")
    density, edges = histogram(ratios, d)
    axis.stairs(density, edges, fill=True, color=colour(0), alpha=0.75)
    spread = 4 * math.sqrt(2 / d)
    x = np.linspace(max(0.0, 1 - spread), 1 + spread, 300)
    law = d * chi2.pdf(d * x, d)
    axis.plot(x, law, color=LAW)
    axis.set_ylim(0, min(max(density.max(), law.max()) * 1.05, TALLEST * law.max()))
    test = gaussianity(d * torch.tensor(ratios, dtype=torch.float64), d)
    lines = [*wrapped(label, 34), rf"$S_G$ = {test.score:.2f} (noise: {test.null:.2f}), mean {test.mean_ratio:.3f}"]
    axis.set_title("\n".join(lines), fontsize=7)
    axis.set_xlabel(r"$\|x_T\|^2 / d$")
    axis.locator_params(axis="x", nbins=5)
