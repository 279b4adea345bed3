r"""What a reconstruction is held to, one number a sample.

.. math::
    \text{bound} = \langle z^2 + 10 \max(|z| - 3.5, 0)^2 \rangle, \qquad
    \text{texture} = \langle |A(\hat x) - A(x)| \rangle, \quad
    A(x) = \sqrt{\text{mean}_8 (x - \text{mean}_5 x)^2 + 10^{-4}},

with mean_k over squares of k x k pixels: A is the local amplitude of what a blur would take away, wherever it lies, so
that detail which the latent does not place is still drawn.
"""

from __future__ import annotations

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
