r"""Noise correction (Garibi et al. 2024, sec. 4.3): make a stochastic sampler retrace the inversion.

A stochastic sampler goes from x_{t+1} to ``x_t = mu(x_{t+1}) + sigma_up z``. The noise with which it would hit the x_t
that the inversion came from is

.. math::
    z_{req} = (x_t - \mu(x_{t+1})) / \sigma_{up}.

``exact`` records it. ``nudge``, the authors' choice, moves the noise that was drawn for the step towards it, by ten
gradient steps of size 1.8 on the norm (not its square) of the difference: by 18 at most, so that z stays near noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs
from torch import Tensor

from spectralkit.diffusion.batch import unit

Form = Literal["exact", "nudge"]

NUDGES, LENGTH = 10, 1.8
"""Number and size of the gradient steps of ``nudge``."""


def correct_noise(
    x_t: Tensor, x_next: Tensor, mean: Callable[[Tensor], Tensor], sigma_up: float, noise: Tensor, *, form: Form
) -> Tensor:
    """The noise that a stochastic sampler should use from ``x_next`` back to ``x_t``, (B, C, H, W).

    Args:
        x_t: (B, C, H, W), the cleaner state.
        x_next: (B, C, H, W), the noisier state.
        mean: The sampler's mean mu as a function of the noisier state.
        sigma_up: Standard deviation of the sampler's fresh noise, > 0.
        noise: (B, C, H, W), the noise drawn for the step.
        form: ``exact`` or ``nudge``.
    """
    required = (x_t - mean(x_next)) / sigma_up
    if form == "exact":
        return required
    for _ in range(NUDGES):
        noise = noise - LENGTH * unit(noise - required)
    return noise


@attrs.frozen
class NoiseCorrection:
    """Which sampler is inverted, and how its noises are corrected.

    Args:
        eta: Share of the noise that the sampler renews, in (0, 1].
        form: How the noise is corrected.
    """

    eta: float
    form: Form
