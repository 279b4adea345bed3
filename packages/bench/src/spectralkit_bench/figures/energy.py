"""Where on the way up does an inversion lose, or gain, its energy?"""

from __future__ import annotations

from matplotlib.lines import Line2D
from torch import Tensor

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import PAGE, REFERENCE, handles, legend, line, panels, plain_logarithm
from spectralkit_bench.figures.trajectory import normalised
from spectralkit_metrics_spectral import band_energies

EDGES = (0.0625, 0.25)
TITLES = (f"below {EDGES[0]:g} cycles/pixel", f"{EDGES[0]:g} to {EDGES[1]:g}", f"above {EDGES[1]:g}")


def draw(material: Material) -> Drawing:
    """A panel a band, a line a run."""
    figure, axes = panels(PAGE, 2.2, 1, len(TITLES), sharey=True)
    for subject in material.firsts:
        passed = normalised(subject)
        power = (band_energies(passed, EDGES) / white_energies(passed[0])).mean(dim=1)
        first = subject.again.inversion.start_index
        steps = range(first, first + len(power))
        for axis, band in zip(axes, power.mT, strict=True):
            axis.semilogy(steps, band, **line(subject.rank))
    for axis, title in zip(axes, TITLES, strict=True):
        axis.axhline(1, color=REFERENCE, lw=0.8, ls=":")
        axis.set_title(title)
        axis.set_xlabel("level")
        plain_logarithm(axis.yaxis)
    axes[0].set_ylabel("power")
    white = Line2D([], [], color=REFERENCE, lw=0.8, ls=":", label="white noise")
    legend(figure, [*handles(material.ranks, line), white])
    return Drawing(
        figure,
        f"Mean power of the modes of a band, over channels and the first {len(material.firsts[0].ids)} samples, "
        "inverted again; states are over sqrt(alpha^2 + sigma^2), so that white noise has 1 at every level. Level 0 is "
        "the clean image.",
    )


def white_energies(state: Tensor) -> Tensor:
    """Energy in each band of a field whose modes all have power 1: one pixel that holds everything."""
    pixel = state.new_zeros(1, 1, *state.shape[-2:])
    pixel[..., 0, 0] = pixel[0].numel() ** 0.5
    return band_energies([pixel], EDGES)[0, 0]
