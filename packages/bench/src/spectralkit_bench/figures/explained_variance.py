"""How many directions do noise maps fill? (Fig. 3)

N latents of d values have at most N - 1 directions, so that the curve of white noise is itself not straight: it is
drawn as a band, the mean of several draws of the same N and d within four of their standard deviations.
"""

from __future__ import annotations

import torch
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import COLUMN, REFERENCE, handles, legend, line, panels
from spectralkit_metrics_spectral.diagnostics import cumulated_variance

DRAWS, DEVIATIONS = 16, 4.0


def gaussian_band(count: int, dimension: int) -> tuple[Tensor, Tensor]:
    """Lowest and highest cumulative explained variance to expect of white noise: (min(N, d),) each."""
    generator = torch.Generator().manual_seed(0)
    draws = (torch.randn(count, dimension, generator=generator, dtype=torch.float64) for _ in range(DRAWS))
    curves = torch.stack([cumulated_variance(rows) for rows in draws])
    mean, spread = curves.mean(dim=0), DEVIATIONS * curves.std(dim=0)
    return mean - spread, mean + spread


def draw(material: Material) -> Drawing:
    """A line a run, a band of white noise for every N and d among them."""
    figure, (axis,) = panels(COLUMN, 2.5)
    shapes = []
    for subject in material.subjects:
        rows = subject.latents.flatten(1).double()
        shapes.append((rows.shape[0], rows.shape[1]))
        curve = cumulated_variance(rows)
        axis.plot(range(1, len(curve) + 1), curve, **line(subject.rank))
    for count, dimension in dict.fromkeys(shapes):
        low, high = gaussian_band(count, dimension)
        axis.fill_between(range(1, len(low) + 1), low, high, color=REFERENCE, alpha=0.35, lw=0, zorder=3)
    axis.set_xlabel("principal components")
    axis.set_ylabel("explained variance, cumulated")
    axis.set_xlim(left=1)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_ylim(0, 1.02)
    legend(figure, [*handles(material.ranks, line), Patch(color=REFERENCE, alpha=0.35, lw=0, label="white noise")], 3)
    told = ", ".join(f"N = {count}, d = {dimension}" for count, dimension in dict.fromkeys(shapes))
    return Drawing(
        figure,
        f"Grey: {DRAWS} sets of white noise of the same {told}, mean and {DEVIATIONS:g} standard deviations. A curve "
        "above it has its variance in fewer directions than noise has.",
    )
