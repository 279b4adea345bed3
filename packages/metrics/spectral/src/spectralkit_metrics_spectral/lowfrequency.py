r"""S_LF: does the output keep the coarse structure of what it was made from?

Both images pass an ideal low-pass of radius ``kappa / 2`` cycles per pixel, then are compared by SSIM (Wang et al.
2004: Gaussian window 11 x 11 of standard deviation 1.5, ``K = (0.01, 0.03)``, data range 1, the frame mirrored at its
border, low-passed values not clamped); appendix B.5 of "Spectral Collapse in Diffusion Inversion". The data set says
how structure is carried:

* ``rgb``: colour means something; SSIM of every channel, averaged.
* ``masked-grey``: only the shape counts; luma (0.299, 0.587, 0.114) of each image, its indicator of not being white
  (luma < 0.95), low-passed, SSIM over the whole frame.

Which image the output is compared with is part of a metric's name, since it is part of the input it needs: ``s-lf``
takes the source, ``s-lf-target`` the reference image of the target domain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import torch
from torch import Tensor

from spectralkit.data import Structure
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.metric import MeanScore, check_images, check_parameters
from spectralkit_metrics_image.mask import WHITE, luma
from spectralkit_metrics_image.ssim import SSIM_SIDE, structural_similarity
from spectralkit_metrics_spectral.spectrum import radius

CHUNK = 2**20
"""Values worked on at once, which bounds the working memory."""


def low_pass(images: Tensor, kappa: float = 0.06) -> Tensor:
    """Keep the Fourier modes of radius at most ``kappa / 2`` cycles per pixel: (..., H, W) -> (..., H, W)."""
    keep = (radius(*images.shape[-2:]) <= kappa / 2).to(images.device)
    filtered: Tensor = torch.fft.ifft2(torch.fft.fft2(images) * keep).real
    return filtered


def shape_mask(images: Tensor) -> Tensor:
    """1 where the grey image is not white: (B, 3 or 1, H, W) in [0, 1] -> (B, 1, H, W)."""
    if images.shape[1] not in (1, 3):
        raise DataError(f"masked-grey structure needs 1 or 3 channels, got {images.shape[1]}: use structure 'rgb'")
    return (luma(images) < WHITE).to(images.dtype)


def low_frequency_score(
    generated: Tensor, condition: Tensor, structure: Structure = "rgb", kappa: float = 0.06
) -> Tensor:
    """S_LF of each pair.

    Args:
        generated: (B, C, H, W) in [0, 1], sides at least 11.
        condition: What it is compared with, of the same shape.
        structure: ``rgb`` or ``masked-grey``.
        kappa: Cut-off as a fraction of the Nyquist frequency.

    Returns:
        (B,), float64, in [-1, 1].

    Raises:
        DataError: If the shapes differ or a side is shorter than the window of SSIM.
    """
    if generated.shape != condition.shape:
        raise DataError(
            f"s-lf: shapes differ, {tuple(generated.shape)} and {tuple(condition.shape)}: resize one of them"
        )
    if min(generated.shape[-2:]) < SSIM_SIDE:
        raise DataError(
            f"s-lf: images of {tuple(generated.shape[-2:])} are smaller than SSIM's {SSIM_SIDE}x{SSIM_SIDE} window"
        )
    count = max(1, CHUNK // generated[0].numel())
    pairs = zip(torch.split(generated, count), torch.split(condition, count), strict=True)
    return torch.cat([structural_similarity(*(coarse(z, structure, kappa) for z in pair)) for pair in pairs])


def coarse(images: Tensor, structure: Structure = "rgb", kappa: float = 0.06) -> Tensor:
    """What is compared of (B, C, H, W), in float64: on images this smooth, SSIM would cost float32 four digits."""
    images = images.double()
    return low_pass(shape_mask(images) if structure == "masked-grey" else images, kappa)


class StructureScore(MeanScore):
    """What the two comparisons share: the protocol and the cut-off."""

    higher_is_better = True

    def __init__(self, structure: Structure = "rgb", kappa: float = 0.06) -> None:
        super().__init__()
        if structure not in get_args(Structure):
            raise ConfigurationError(f"s-lf: structure must be one of {get_args(Structure)}, got {structure!r}")
        check_parameters(StructureScore, kappa=kappa)
        if not 0 < kappa <= 1:
            raise ConfigurationError(f"s-lf: kappa is a fraction of the Nyquist frequency in (0, 1], got {kappa}")
        self.structure, self.kappa = structure, kappa

    def details(self) -> Mapping[str, float | str]:
        return {"N": float(self.count), "structure": self.structure, "kappa": self.kappa}


class LowFrequencyScore(StructureScore):
    """S_LF against the source: SSIM of the low-passed output and the low-passed image it was made from; 1 is best.

    ``update(source=..., generated=...)`` takes (B, C, H, W) in [0, 1].

    Args:
        structure: ``rgb`` compares colour channels, ``masked-grey`` the shape of what is not white.
        kappa: Cut-off of the ideal low-pass as a fraction of the Nyquist frequency.
    """

    def score(self, source: Tensor, generated: Tensor) -> Tensor:
        """S_LF of each pair, (B,)."""
        check_images("s-lf", source=source, generated=generated)
        return low_frequency_score(generated, source, self.structure, self.kappa)


class TargetLowFrequencyScore(StructureScore):
    """S_LF against the expected output: SSIM of the low-passed output and the low-passed reference image; 1 is best.

    ``update(reference=..., generated=...)`` takes (B, C, H, W) in [0, 1].

    Args:
        structure: ``rgb`` compares colour channels, ``masked-grey`` the shape of what is not white.
        kappa: Cut-off of the ideal low-pass as a fraction of the Nyquist frequency.
    """

    def score(self, reference: Tensor, generated: Tensor) -> Tensor:
        """S_LF of each pair, (B,)."""
        check_images("s-lf-target", reference=reference, generated=generated)
        return low_frequency_score(generated, reference, self.structure, self.kappa)
