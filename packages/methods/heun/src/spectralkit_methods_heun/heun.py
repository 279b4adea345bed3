r"""Heun's second-order step (Karras et al. 2022, algorithm 1), for every process and in both directions.

In ``x / alpha`` against ``rho = sigma / alpha`` the probability-flow ODE is ``d(x / alpha) / d rho = eps_hat``; for
``alpha = 1`` this is Karras' ``dx / d sigma``. The Euler step in these variables is the transition all solvers share,
``x^E = alpha' x0_hat + sigma' eps_hat``. Heun averages the slopes at both ends, eps_hat' being the one at (x^E, there):

.. math::
    x' = x^E + \tfrac12 \alpha' (\rho' - \rho) (\hat\epsilon' - \hat\epsilon),
    \qquad \alpha' (\rho' - \rho) = \sigma' - \alpha' \sigma / \alpha.

Where alpha = 0 the interval in rho has no end, and where sigma = 0 an x0-predicting network knows no slope. Only the
first or last level of a schedule can be such (a flow has both); the one transition that touches it is left at Euler,
whose local error is of second order, so that the order of the whole remains.
"""

from __future__ import annotations

import attrs
from torch import Tensor

from spectralkit.diffusion.prediction import coefficients, move
from spectralkit.diffusion.schedule import Level
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Inversion, Parts, State
from spectralkit.inversion.probe import Probe


def heun_move(probe: Probe, here: Level, there: Level) -> Tensor:
    """The state at ``there`` by Heun's step from ``probe.x`` at ``here``, (B, C, H, W); one forward more than Euler."""
    euler = move(probe.prediction, there)
    if 0 in (here.alpha, here.sigma, there.alpha, there.sigma):
        return euler
    _, interval = coefficients(here, there)
    return euler + 0.5 * interval * (probe.at(euler, there).prediction.eps - probe.prediction.eps)


@attrs.frozen
class HeunStep:
    """Heun's step towards noise."""

    def init(self, encoded: Encoded, context: Context) -> State:
        """What the start hands to sampling.

        Raises:
            ConfigurationError: If the network is to be told another level than the one x is at: a slope at the wrong
                level is wrong in the first order.
        """
        context.need_current_label("heun averages the slopes at both ends of a step")
        return encoded.memory

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        return heun_move(probe, here, there), state


@attrs.frozen
class HeunSampler:
    """Heun's step towards the clean image."""

    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        return inversion.latent, None

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        return heun_move(probe, here, there), None


def heun() -> Parts:
    """Heun's second-order step, in inversion and in sampling: twice the evaluations, an error quadratic in the step."""
    return Parts(step=HeunStep(), sampler=HeunSampler(), name="heun")
