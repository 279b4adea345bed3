r"""Radially averaged power spectra and their slope.

``P(f)`` is the mean of ``|FFT2(x)|^2 / (H W)`` over the Fourier modes whose radius rounds to ``f`` in units of
``1 / min(H, W)`` cycles per pixel, up to the Nyquist frequency: white noise of unit variance has ``P = 1`` everywhere.
The slope is the least-squares fit of ``ln P`` against ``ln f`` over [0.005, 0.4] cycles per pixel, averaged over
channels (appendix B.4 of "Spectral Collapse in Diffusion Inversion"). The lowest ring does not enter: it holds the
image's mean, which is no texture, beside the lowest waves of an image that is longer than wide.
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from spectralkit.errors import DataError

BAND = (0.005, 0.4)
POWER_FLOOR = 1e-12


def radius(height: int, width: int) -> Tensor:
    """Distance of every Fourier mode from zero frequency, cycles per pixel: (H, W), float64, in FFT order."""
    fy = torch.fft.fftfreq(height, dtype=torch.float64)
    fx = torch.fft.fftfreq(width, dtype=torch.float64)
    return torch.hypot(fy[:, None], fx[None, :])


def radial_mean(modes: Tensor) -> Tensor:
    """Mean over rings of one frequency unit: (..., H, W) in FFT order -> (..., min(H, W) // 2 + 1)."""
    height, width = modes.shape[-2:]
    rings = min(height, width) // 2 + 1
    ring = (radius(height, width) * min(height, width)).round().long().clamp_max(rings).flatten().to(modes.device)
    flat = modes.flatten(-2)
    sums = torch.zeros(*flat.shape[:-1], rings + 1, dtype=flat.dtype, device=flat.device).index_add_(-1, ring, flat)
    return (sums / torch.bincount(ring, minlength=rings + 1))[..., :rings]


def frequencies(height: int, width: int) -> Tensor:
    """Mean radius of the modes of each ring, cycles per pixel: (min(H, W) // 2 + 1,), float64."""
    return radial_mean(radius(height, width))


def power_spectrum(images: Tensor) -> Tensor:
    """Radially averaged power at ``frequencies(H, W)``: (..., H, W) -> (..., min(H, W) // 2 + 1), float64."""
    height, width = images.shape[-2:]
    return radial_mean(torch.fft.fft2(images.double()).abs().square() / (height * width))


@attrs.frozen
class PowerLaw:
    """``ln P = intercept + slope ln f``."""

    slope: float
    intercept: float


def power_law(frequency: Tensor, log_power: Tensor, band: tuple[float, float] = BAND) -> PowerLaw:
    """Least-squares fit of ``ln P`` against ``ln f``.

    Args:
        frequency: (R,), cycles per pixel, the first ring being that of frequency 0.
        log_power: (..., R); leading axes (channels, images) are averaged, which a linear fit permits.
        band: Lowest and highest frequency of the fit.

    Raises:
        DataError: If fewer than two rings lie in the band.
    """
    inside = (frequency >= band[0]) & (frequency <= band[1])
    inside[0] = False
    if inside.sum() < 2:
        raise DataError(f"fewer than two frequencies lie in {band} cycles/pixel: the image is too small for a slope")
    x, y = frequency[inside].log(), log_power.reshape(-1, len(frequency)).mean(dim=0)[inside]
    centre, x = x.mean(), x - x.mean()
    fitted = (x * y).sum() / x.square().sum()
    return PowerLaw(float(fitted), float(y.mean() - fitted * centre))


def slope(frequency: Tensor, log_power: Tensor, band: tuple[float, float] = BAND) -> float:
    """The slope of :func:`power_law`."""
    return power_law(frequency, log_power, band).slope


def spectral_slope(images: Tensor, band: tuple[float, float] = BAND) -> float:
    """Slope of the mean log spectrum of (..., H, W)."""
    height, width = images.shape[-2:]
    log_power = power_spectrum(images).clamp_min(POWER_FLOOR).log()
    return slope(frequencies(height, width).to(images.device), log_power, band)
