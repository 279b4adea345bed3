"""Real images without their low, and without their high frequencies (Fig. 11)."""

from __future__ import annotations

from torch import Tensor

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import PAGE, picture, row_label, tiles
from spectralkit_metrics_spectral.lowfrequency import low_pass

CUTOFFS = (0.02, 0.05, 0.1, 0.2, 0.35)
"""Cycles per pixel."""


def without_low(images: Tensor, cutoff: float) -> Tensor:
    """Images (..., H, W) without what lies at or below ``cutoff`` but their mean, in [0, 1]."""
    return (images - low_pass(images, 2 * cutoff) + images.mean(dim=(-2, -1), keepdim=True)).clamp(0, 1)


def without_high(images: Tensor, cutoff: float) -> Tensor:
    """Images (..., H, W) without what lies above ``cutoff``, in [0, 1]."""
    return low_pass(images, 2 * cutoff).clamp(0, 1)


def draw(material: Material) -> Drawing:
    """A column a cut-off, after the image itself."""
    (image,) = material.subjects[0].targets(1)
    figure, grid = tiles(2, len(CUTOFFS) + 1, PAGE, image.shape[1] / image.shape[2])
    for axes, label, without in zip(grid, ("low removed", "high removed"), (without_low, without_high), strict=True):
        row_label(axes[0], [label])
        picture(axes[0], image)
        for axis, cutoff in zip(axes[1:], CUTOFFS, strict=True):
            picture(axis, without(image, cutoff))
    for axis, head in zip(grid[0], ("real image", *(f"at {cutoff:g}" for cutoff in CUTOFFS)), strict=True):
        axis.set_title(head, fontsize=7, pad=3)
    return Drawing(
        figure,
        "N = 1, the first real target image; cut-offs are in cycles per pixel, the filter is ideal, the mean is kept, "
        "and values are clamped to [0, 1].",
    )
