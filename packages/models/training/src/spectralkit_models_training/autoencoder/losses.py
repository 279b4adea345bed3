r"""What a reconstruction is held to, one number a sample.

.. math::
    \text{bound} = \langle z^2 + 10 \max(|z| - 3.5, 0)^2 \rangle, \qquad
    \text{texture} = \langle |A(\hat x) - A(x)| \rangle, \quad
    A(x) = \sqrt{\text{mean}_8 (x - \text{mean}_5 x)^2 + 10^{-4}},

with mean_k over squares of k x k pixels: A is the local amplitude of what a blur would take away, wherever it lies, so
that detail which the latent does not place is still drawn. The faintest of it, which no amplitude sees, is

.. math::
    \text{spectrum} = \langle |\ln(P_r(\hat x) + 10^{-6}) - \ln(P_r(x) + 10^{-6})| \rangle_{H/8 \le r \le H/2},

P_r the mean power of the frequencies with r cycles in the image's width: the two finest octaves, whose power is too
small a part of the whole for the other terms to see it fade.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

LARGEST = 3.5
"""Latents beyond this are drawn back: few steps of a diffusion lead there."""


def mean(values: Tensor) -> Tensor:
    """(B, ...) -> (B,)."""
    return values.flatten(1).mean(1)


def bound(latent: Tensor) -> Tensor:
    """(B, c, h, w) -> (B,)."""
    return mean(latent.square() + 10 * (latent.abs() - LARGEST).relu().square())


def amplitude(pixels: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, C, ...): the local amplitude of the high frequencies."""
    high = pixels - avg_pool2d(pixels, 5, stride=1, padding=2, count_include_pad=False)
    return (avg_pool2d(high.square(), 8, stride=4) + 1e-4).sqrt()


def texture(reconstruction: Tensor, pixels: Tensor) -> Tensor:
    """(B, C, H, W) twice -> (B,)."""
    return mean((amplitude(reconstruction) - amplitude(pixels)).abs())


def spectrum(reconstruction: Tensor, pixels: Tensor) -> Tensor:
    """(B, C, H, H) twice -> (B,)."""
    ours, theirs = (fine_power(images).add(1e-6).log() for images in (reconstruction, pixels))
    return mean((ours - theirs).abs())


def fine_power(pixels: Tensor) -> Tensor:
    """(B, C, H, H) -> (B, C, R): the mean power of every ring of frequencies in the two finest octaves."""
    power = torch.fft.fft2(pixels, norm="ortho").abs().square()
    with torch.autocast(pixels.device.type, enabled=False):  # half the digits would hide differences of a percent
        return torch.matmul(power.flatten(2), _rings(pixels.shape[-1]).to(pixels.device))


@cache
def _rings(side: int) -> Tensor:
    """(H H, R): which share of the mean over a ring each frequency of an image has."""
    wave = torch.fft.fftfreq(side, 1 / side)
    radius = torch.hypot(wave[:, None], wave).round().flatten()
    members = (radius[:, None] == torch.arange(side // 8, side // 2 + 1)).float()
    return members / members.sum(0)
