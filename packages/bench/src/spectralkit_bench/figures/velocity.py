"""What the steps of an inversion change, by frequency (Fig. 17)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.style import PAGE, panels, wrapped
from spectralkit_bench.figures.trajectory import states
from spectralkit_metrics_spectral import velocity_map

States = Callable[[Subject], tuple[Tensor, ...]]


def draw(material: Material) -> Drawing:
    """The states as they are."""
    return maps(material, states, "States as they are: where the noise level grows, so does the velocity.")


def maps(material: Material, passed: States, told: str) -> Drawing:
    """A map a run, all of one scale."""
    subjects = [one for one in material.firsts if len(one.again.inversion.trajectory) > 1]
    if not subjects:
        raise DataError("these methods take no step of inversion: their noise maps are made by forward noising alone")
    found = [velocity_map([x[:1] for x in passed(subject)])[0] for subject in subjects]
    low, high = limits(torch.cat([each.flatten() for each in found]))
    reach = max(-low, high)
    columns = min(4, len(subjects))
    rows = -(-len(subjects) // columns)
    figure, axes = panels(min(PAGE, 2.2 * columns + 0.8), 1.75 * rows + 0.45, rows, columns, sharey=True)
    for axis in axes[len(subjects) :]:
        axis.remove()
    for axis, subject, velocities in zip(axes, subjects, found, strict=False):
        first, last = subject.again.inversion.start_index, subject.again.inversion.index
        image = axis.imshow(
            velocities.numpy(),
            cmap="RdBu_r",
            vmin=-reach,
            vmax=reach,
            origin="lower",
            aspect="auto",
            extent=(first, last, 0, 0.5),
        )
        axis.set_xlim(0, last)
        axis.set_facecolor("0.85")
        axis.set_title("\n".join(wrapped(subject.label, 24)), fontsize=7)
        axis.set_xlabel("step")
    for row in range(rows):
        axes[row * columns].set_ylabel("cycles/pixel")
    bar = figure.colorbar(image, ax=axes[: len(subjects)], label=r"$\log_{10}|\mathcal{F}\Delta|$", shrink=0.9)
    bar.ax.set_ylim(low, high)
    return Drawing(
        figure,
        f"Sample '{subjects[0].ids[0]}', inverted again: log10 of the radially averaged |FFT2| of the mean over "
        f"channels of x_(i+1) - x_i; blue is below 0. {told} Grey: steps that a method passes over by forward noising; "
        "a method that takes no other is not shown.",
    )


def limits(values: Tensor) -> tuple[float, float]:
    """What the colours tell apart: all but the lowest and the highest hundredth of the values, and 0."""
    low, high = np.quantile(values.numpy(), (0.01, 0.99))
    return min(float(low), -0.5), max(float(high), 0.5)
