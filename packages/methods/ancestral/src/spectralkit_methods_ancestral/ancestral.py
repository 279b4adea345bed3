r"""Ancestral sampling (Ho et al. 2020), and its interpolation towards the deterministic sampler (Song et al. 2020).

From (alpha, sigma) to the cleaner (alpha', sigma') a share eta of the noise is renewed,

.. math::
    x' = \alpha' \hat x_0 + \sigma_{down} \hat\epsilon + \sigma_{up} z, \qquad
    \sigma_{up} = \eta \sigma' \sqrt{1 - \Big(\frac{\alpha \sigma'}{\alpha' \sigma}\Big)^2}, \qquad
    \sigma_{down}^2 + \sigma_{up}^2 = \sigma'^2,

with z drawn per sample and level. eta = 1 is DDPM's ancestral sampling, eta -> 0 the deterministic sampler. The last
transition is deterministic: noise drawn for the clean level would stay in the image.

An inversion that found out which z lead back to its source (CycleDiffusion's encoder, ReNoise's noise correction) hands
them over as ``memory["noises"]``, level index -> z, the index being that of the level left; those are used, not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from torch import Tensor

from spectralkit.diffusion.ancestral import drift, split
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Inversion, Parts
from spectralkit.inversion.probe import Probe

Noises = Mapping[int, Tensor]
"""z of shape (B, C, H, W) by the index of the level left."""


@attrs.frozen
class AncestralSampler:
    """The stochastic transition; what it carries are the recorded noises.

    Args:
        eta: Share of the noise that is renewed, in (0, 1].
    """

    eta: float
    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, Noises]:
        memory = inversion.memory
        return inversion.latent, memory.get("noises", {}) if isinstance(memory, Mapping) else {}

    def __call__(self, probe: Probe, here: Level, there: Level, state: Noises) -> tuple[Tensor, Noises]:
        if probe.index == 1:
            return move(probe.prediction, there), state
        noise = split(here, there, self.eta)
        z = state.get(probe.index)
        if z is None:
            z = probe.context.noise.normal(f"ancestral/{probe.index}", probe.x)
        return drift(probe.prediction, there, noise.down) + noise.up * z, state


def ancestral(eta: float = 1.0) -> Parts:
    """Sample stochastically: each step renews a share of the noise.

    Args:
        eta: That share, in (0, 1]; 1 is DDPM's ancestral sampling, towards 0 the sampler becomes deterministic.

    Raises:
        ConfigurationError: If ``eta`` is out of range.
    """
    if not 0 < eta <= 1:
        raise ConfigurationError(f"eta of ancestral must lie in (0, 1], got {eta}: leave ancestral out for eta = 0")
    return Parts(sampler=AncestralSampler(eta), name="ancestral")
