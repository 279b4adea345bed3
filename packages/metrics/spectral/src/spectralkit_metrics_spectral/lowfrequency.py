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
from spectralkit.metric import MeanScore, check_images
from spectralkit_metrics_spectral.spectrum import radius

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.functional.image import structural_similarity_index_measure  # isort: skip

LUMA = (0.299, 0.587, 0.114)
WHITE = 0.95
WINDOW = 11


def low_pass(images: Tensor, kappa: float = 0.06) -> Tensor:
    """Keep the Fourier modes of radius at most ``kappa / 2`` cycles per pixel: (..., H, W) -> (..., H, W)."""
    keep = (radius(*images.shape[-2:]) <= kappa / 2).to(images.device)
    filtered: Tensor = torch.fft.ifft2(torch.fft.fft2(images) * keep).real
    return filtered


def shape_mask(images: Tensor) -> Tensor:
    """1 where the grey image is not white: (B, 3 or 1, H, W) in [0, 1] -> (B, 1, H, W)."""
    if images.shape[1] not in (1, 3):
        raise DataError(f"masked-grey structure needs 1 or 3 channels, got {images.shape[1]}: use structure 'rgb'")
    weights = images.new_tensor(LUMA if images.shape[1] == 3 else (1.0,))
    grey = (images * weights[:, None, None]).sum(dim=1, keepdim=True)
    return (grey < WHITE).to(images.dtype)


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
        (B,), in [-1, 1].

    Raises:
        DataError: If the shapes differ or a side is shorter than the window of SSIM.
    """
    if generated.shape != condition.shape:
        raise DataError(
            f"s-lf: shapes differ, {tuple(generated.shape)} and {tuple(condition.shape)}: resize one of them"
        )
    if min(generated.shape[-2:]) < WINDOW:
        raise DataError(
            f"s-lf: images of {tuple(generated.shape[-2:])} are smaller than SSIM's {WINDOW}x{WINDOW} window"
        )
    # SSIM subtracts squares of means from means of squares: on images this smooth, float32 would cost four digits.
    pair = [image.double() for image in (generated, condition)]
    if structure == "masked-grey":
        pair = [shape_mask(image) for image in pair]
    ssim = structural_similarity_index_measure(
        low_pass(pair[0], kappa),
        low_pass(pair[1], kappa),
        sigma=1.5,
        kernel_size=WINDOW,
        reduction="none",
        data_range=1.0,
    )
    assert isinstance(ssim, Tensor)  # a pair only where the contrast term is asked for
    return ssim.reshape(len(generated))


class StructureScore(MeanScore):
    """What the two comparisons share: the protocol and the cut-off."""

    def __init__(self, structure: Structure = "rgb", kappa: float = 0.06) -> None:
        super().__init__()
        if structure not in get_args(Structure):
            raise ConfigurationError(f"s-lf: structure must be one of {get_args(Structure)}, got {structure!r}")
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

    def score(self, *, source: Tensor, generated: Tensor) -> Tensor:  # type: ignore[override]  # the declared inputs
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

    def score(self, *, reference: Tensor, generated: Tensor) -> Tensor:  # type: ignore[override]  # the declared inputs
        """S_LF of each pair, (B,)."""
        check_images("s-lf-target", reference=reference, generated=generated)
        return low_frequency_score(generated, reference, self.structure, self.kappa)
