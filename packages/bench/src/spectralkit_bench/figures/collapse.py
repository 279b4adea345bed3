"""Spectral collapse at a glance: what a source is inverted to, and what is made of it (Fig. 1)."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from torch import Tensor

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import (
    PAGE,
    REFERENCE,
    colour,
    frequencies_across,
    noise_map,
    panels,
    picture,
    plain_logarithm,
    row_label,
    wrapped,
)
from spectralkit_metrics_spectral import frequencies, power_spectrum

HEADS = ("source", "white noise", "power of noise map", "real image")
"""Of the first row; those of the second say what is in its place there."""


def draw(material: Material) -> Drawing:
    """A row a run; above them white noise, and the real image where it is known."""
    subjects = material.firsts
    sample, shape = subjects[0].samples[0], subjects[0].some_latents.shape[1:]
    white = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    rows = len(subjects) + 1
    figure, axes = panels(PAGE, 1.42 * rows + 0.3, rows, 4, width_ratios=(1, 1, 1.7, 1))
    grid = [axes[4 * row : 4 * row + 4] for row in range(rows)]
    for axis, head in zip(grid[0], HEADS, strict=True):
        axis.set_title(head, pad=3)
    for axis in (grid[0][3], *(row[0] for row in grid[1:])):
        axis.set_axis_off()
    grid[1][1].set_title("noise map", pad=3)
    grid[1][3].set_title("translated", pad=3)
    picture(grid[0][0], sample.source)
    noise_map(grid[0][1], white)
    if sample.reference is not None:
        picture(grid[0][3], sample.reference)
    for row, subject in zip(grid[1:], subjects, strict=True):
        noise_map(row[1], subject.some_latents[0])
        picture(row[3], subject.generated(subject.ids[0]))
        row_label(row[1], wrapped(subject.label, 18))
    spectra = [row[2] for row in grid]
    _spectrum(spectra[0], white, {"color": REFERENCE})
    for axis, subject in zip(spectra[1:], subjects, strict=True):
        _spectrum(axis, subject.some_latents[0], {"color": colour(subject.rank)})
    _share(spectra)
    return Drawing(
        figure,
        f"Sample '{sample.id}' of each run: the first channel of its unit-normalised noise map, black to white from -3 "
        "to 3, the power of all its channels by frequency beside that of white noise, which is 1 (black), and the "
        "translation. The first row shows what the prior supposes.",
    )


def _spectrum(axis: Axes, latent: Tensor, style: dict[str, object]) -> None:
    frequency, power = frequencies(*latent.shape[-2:])[1:], power_spectrum(latent).mean(dim=0)[1:]
    axis.axhline(1, color=REFERENCE, lw=0.6, ls=":")
    axis.loglog(frequency, power, **style)
    axis.set_box_aspect(0.55)
    frequencies_across(axis, float(frequency[0]))


def _share(axes: list[Axes]) -> None:
    """One range for all, and its numbers below the last."""
    low = min(axis.get_ylim()[0] for axis in axes)
    high = max(axis.get_ylim()[1] for axis in axes)
    for axis in axes:
        axis.set_ylim(low, high)
        plain_logarithm(axis.yaxis)
    for axis in axes[:-1]:
        axis.set_xlabel("")
        axis.tick_params(labelbottom=False)
