"""A prediction, and the one transition that every solver here is made of.

``x' = alpha' x0_hat + sigma' eps_hat`` is DDIM (Song et al. 2020) for a variance-preserving process and the
Euler step of EDM (Karras et al. 2022) for a variance-exploding one, in either direction.
"""

from __future__ import annotations

import attrs
from torch import Tensor

from spectralkit.diffusion.schedule import Level


@attrs.frozen(eq=False)
class Prediction:
    """What a denoiser says of ``x_t``: the clean image and the noise, (B, C, H, W) each."""

    x0: Tensor
    eps: Tensor


def coefficients(here: Level, there: Level) -> tuple[float, float]:
    """A and B of the transition in terms of the state it leaves, ``x' = A x + B eps_hat``; ``here.alpha`` > 0.

    ``A = alpha' / alpha`` and ``B = sigma' - A sigma``.
    """
    A = there.alpha / here.alpha
    return A, there.sigma - A * here.sigma


def move(prediction: Prediction, to: Level) -> Tensor:
    """The state at level ``to`` that ``prediction`` implies: ``to.alpha * x0 + to.sigma * eps``."""
    return to.alpha * prediction.x0 + to.sigma * prediction.eps
