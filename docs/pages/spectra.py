"""Fields and images with a gain at every frequency: what the examples of the metrics' page are made of."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from spectralkit_metrics_spectral.spectrum import radius

Gain = Callable[[Tensor], Tensor]
"""Of the frequency in cycles per pixel."""


def filtered(x: Tensor, gain: Gain) -> Tensor:
    """Every Fourier mode of (..., H, W) multiplied by the gain at its frequency; not clamped."""
    modes = torch.fft.fft2(x.double()) * gain(radius(*x.shape[-2:]))
    result: Tensor = torch.fft.ifft2(modes).real
    return result.to(x.dtype)


def attenuated(x: Tensor, band: Gain, gain: float) -> Tensor:
    """The frequencies that ``band`` is true of, multiplied by ``gain``."""
    return filtered(x, lambda f: torch.where(band(f), gain, 1.0))


def low_passed(images: Tensor, cutoff: float) -> Tensor:
    """Images without what lies above ``cutoff``, in [0, 1]."""
    return filtered(images, lambda f: (f <= cutoff).double()).clamp(0, 1)


def high_passed(images: Tensor, cutoff: float) -> Tensor:
    """Images without what lies below ``cutoff``, around mid-grey, in [0, 1]."""
    return (0.5 + filtered(images, lambda f: (f > cutoff).double())).clamp(0, 1)


def blurred_noise(white: Tensor, deviation: float) -> Tensor:
    """White noise after a Gaussian of ``deviation`` pixels, brought back to unit variance."""

    def gain(f: Tensor) -> Tensor:
        response = torch.exp(-2 * (torch.pi * deviation * f).square())
        return response / response.square().mean().sqrt()

    return filtered(white, gain)
