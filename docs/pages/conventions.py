"""Where a convention is ours to choose, and by how much the other choice moves a score: both on the same images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pages.markdown import code, table
from pages.metrics import altered
from spectralkit.testing.law import natural_images
from spectralkit_datasets_ihc import Ihc
from spectralkit_metrics_image import haarpsi_values, ms_ssim_values, ssim_values
from spectralkit_metrics_image.ssim import REACH, luminance_and_contrast
from spectralkit_metrics_spectral import PatchTest, exact_threshold, low_frequency_score
from spectralkit_metrics_spectral.lowfrequency import low_pass

Values = Callable[[Tensor, Tensor], Tensor]
"""Scores (B,) of images and their references."""

SIDES, FPR = (3, 5, 7), 0.05


def thresholds() -> str:
    """tau by the exact law, and as it is simulated."""
    rows = [(str(k), f"{exact_threshold(k, FPR):.3f}", f"{PatchTest(k=k).tau(32, 32):.3f}") for k in SIDES]
    return table(("k", "exact", "simulated"), rows)


def conventions() -> str:
    """What we do, what others do, and the largest difference over images that no model has made."""
    dataset = Ihc(scale=8)
    small = torch.stack([dataset[i].reference for i in range(len(dataset))])
    large = natural_images(0, 8, (3, 192, 192))
    inside, mirrored = "windows inside the frame only", "windows at every pixel, the frame mirrored"
    rows: tuple[tuple[str, str, str, Tensor, Values, Values], ...] = (
        ("ssim", mirrored, f"{inside} (piq, pytorch-msssim)", small, ssim_values, inside_the_frame),
        ("s-lf", mirrored, inside, small, low_frequency_score, low_inside_the_frame),
        (
            "ms-ssim",
            "the channels' mean at every scale, then the product",
            "a product for every channel, then the mean (pytorch-msssim)",
            large,
            ms_ssim_values,
            channel_by_channel,
        ),
        ("haarpsi", "chroma matrix of three digits", "of four (piq)", small, haarpsi_values, with_four_digits),
    )
    header = ("metric", "here", "elsewhere", "moves the mean by up to", "one image by up to")
    return table(header, [(code(name), here, there, *_moved(*measured)) for name, here, there, *measured in rows])


def _moved(real: Tensor, ours: Values, theirs: Values) -> tuple[str, str]:
    """The largest difference of the set's mean and of one image's score."""
    differences = torch.stack([ours(x, real) - theirs(x, real) for x in altered(real).values()])
    return tuple(f"{float(d.abs().max()):.3f}" for d in (differences.mean(1), differences))  # type: ignore[return-value]


def inside_the_frame(x: Tensor, y: Tensor) -> Tensor:
    """SSIM averaged over the windows that need no mirror."""
    luminance, contrast = luminance_and_contrast(*(z.double().flatten(0, 1) for z in (x, y)))
    inside = (luminance * contrast)[:, REACH:-REACH, REACH:-REACH]
    return inside.mean((1, 2)).view(x.shape[:2]).mean(1)


def low_inside_the_frame(x: Tensor, y: Tensor) -> Tensor:
    """S_LF of the same."""
    return inside_the_frame(*(low_pass(z.double()) for z in (x, y)))


def channel_by_channel(x: Tensor, y: Tensor) -> Tensor:
    """MS-SSIM of every channel, averaged."""
    return torch.stack([ms_ssim_values(*pair) for pair in zip(x.split(1, 1), y.split(1, 1), strict=True)]).mean(0)


def with_four_digits(x: Tensor, y: Tensor) -> Tensor:
    """HaarPSI as piq computes it."""
    import piq  # noqa: PLC0415  (a tool of the tests)

    values: Tensor = piq.haarpsi(x, y, reduction="none")
    return values
