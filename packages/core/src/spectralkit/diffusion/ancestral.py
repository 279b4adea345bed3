r"""The stochastic transition: part of the noise is removed with the prediction, part is drawn anew.

From (alpha, sigma) to the cleaner (alpha', sigma'), with z standard normal and independent of x,

.. math::
    x' = \alpha' \hat x_0 + \sigma_{down} \hat\epsilon + \sigma_{up} z, \qquad
    \sigma_{up} = \eta \sigma' \sqrt{1 - \Big(\frac{\alpha \sigma'}{\alpha' \sigma}\Big)^2}, \qquad
    \sigma_{down} = \sqrt{\sigma'^2 - \sigma_{up}^2}.

At eta = 1 sigma_up is the standard deviation of q(x' | x, x_0), ancestral sampling (Ho et al. 2020); at eta = 0 this is
the deterministic transition (Song et al. 2020, eq. 16). For a variance-preserving process sigma_up reads
``eta sqrt((1 - abar') / (1 - abar)) sqrt(1 - abar / abar')``, for ``alpha = 1`` it reads
``eta sigma' sqrt(1 - sigma'^2 / sigma^2)`` (Song et al. 2021, app. F, at eta = 1).
"""

from __future__ import annotations

import math

import attrs
from torch import Tensor

from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level


@attrs.frozen
class Split:
    """How the noise scale of the level reached is made up: ``down^2 + up^2 = sigma'^2``.

    Args:
        down: Scale of the predicted noise that stays.
        up: Scale of the noise that is drawn.
    """

    down: float
    up: float


def split(here: Level, there: Level, eta: float) -> Split:
    """The split of a transition to a cleaner level.

    Args:
        here: The level left, ``sigma > 0``.
        there: The level reached, ``alpha > 0``.
        eta: Share of the noise that is renewed, in [0, 1].
    """
    ratio = here.alpha * there.sigma / (there.alpha * here.sigma)
    up = eta * there.sigma * math.sqrt(max(0.0, 1 - ratio**2))
    return Split(down=math.sqrt(there.sigma**2 - up**2), up=up)


def drift(prediction: Prediction, there: Level, down: float) -> Tensor:
    """The mean of the level reached, ``alpha' x0_hat + sigma_down eps_hat``, (B, C, H, W)."""
    return there.alpha * prediction.x0 + down * prediction.eps
