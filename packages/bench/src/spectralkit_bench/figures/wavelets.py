"""What S_HF counts: the finest wavelet details of real images (Fig. 10)."""

from __future__ import annotations

from typing import cast

import torch

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import PAGE, framed, picture, row_label, tiles
from spectralkit_metrics_spectral import HighFrequencyScore
from spectralkit_metrics_spectral.highfrequency import log_energy
from spectralkit_metrics_spectral.wavelet import detail_maps

SHOWN, BRIGHTEST = 3, 0.97
HEADS = ("real image", "horizontal", "vertical", "diagonal")


def draw(material: Material) -> Drawing:
    """A row an image: itself, then its three bands at level 1."""
    subject = material.subjects[0]
    reference = cast(HighFrequencyScore, subject.metric("s-hf")).reference
    images = torch.stack(list(subject.targets(SHOWN)))
    maps = detail_maps(images, reference.order).abs().mean(dim=1)
    energies = log_energy(images, reference.order, reference.pixel_range)
    shape = images.shape[2] / images.shape[3]
    figure, grid = tiles(len(images), 4, 0.75 * PAGE, shape)
    for axes, image, bands, energy in zip(grid, images, maps, energies, strict=True):
        picture(axes[0], image)
        row_label(axes[0], [rf"$\ln E_{{HF}}$ = {float(energy):.2f}"])
        white = float(bands.flatten().quantile(BRIGHTEST)) or 1.0
        for axis, band in zip(axes[1:], bands, strict=True):
            axis.imshow(band.numpy(), cmap="gray", vmin=0, vmax=white)
            framed(axis)
    for axis, head in zip(grid[0], HEADS, strict=True):
        axis.set_title(head, pad=3)
    return Drawing(
        figure,
        f"Magnitude of the level-1 details of sym{reference.order}, mean over channels; white is the {BRIGHTEST:.0%} "
        "quantile of an image's bands, and a bright border is where the transform goes on at the opposite one. ln E_HF "
        f"is of pixels in [0, {reference.pixel_range:g}]; over all N = {reference.count} real images its mean, mu, is "
        f"{reference.mu:.2f}.",
    )
