r"""BDIA (Zhang, Lewis & Kleijn 2024): a two-step solver that is its own reverse.

One prediction at z_i moves it both ways: A_i to the cleaner neighbour, B_i to the noisier one. Then

.. math::
    z_{i-1} = \gamma (z_{i+1} - B_i) + A_i \quad\text{(sampling)}, \qquad
    z_{i+1} = \frac{z_{i-1} - A_i}{\gamma} + B_i \quad\text{(inversion)},

which are one equation solved for either end; gamma = 0 would be DDIM. Two states are needed to begin: inversion takes
its first step by DDIM, sampling starts from the stored pair (z_N, z_{N-1}), so that its first transition costs nothing.

Inversion amplifies errors by ``gamma^-N``: 22 over 50 steps at 0.94, 1e15 at 0.5. The solver's state is float64.

``probe.x`` is z_i; the step carries z_{i-1} and the sampler z_{i+1}.
"""

from __future__ import annotations

import math
import warnings

import attrs
from torch import Tensor

from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Inversion, Parts
from spectralkit.inversion.probe import Probe

AMPLIFICATION = 1e4
"""``gamma^-N`` above which a warning is given."""


@attrs.frozen(eq=False)
class Neighbour:
    """z_{i-1} beside z_i, (B, C, H, W): a class of its own, so that no other method's state is taken for it."""

    x: Tensor


@attrs.frozen
class BidirectionalStep:
    """``z_{i+1}`` from ``z_i`` and ``z_{i-1}``.

    Args:
        gamma: Weight of the two-step term.
    """

    gamma: float

    def init(self, encoded: Encoded, context: Context) -> None:
        """No previous state.

        Raises:
            ConfigurationError: If the network is to be told another level than the one x is at.
        """
        context.need_current_label("bdia evaluates the network alike in both directions")
        warn_of_amplification(self.gamma, context.top - encoded.index)

    def __call__(self, probe: Probe, here: Level, there: Level, state: Neighbour | None) -> tuple[Tensor, Neighbour]:
        base = move(probe.prediction, there)
        if state is None:
            return base, Neighbour(probe.x)
        cleaner = probe.context.levels[probe.index - 1]
        return (state.x - move(probe.prediction, cleaner)) / self.gamma + base, Neighbour(probe.x)


@attrs.frozen
class BidirectionalSampler:
    """``z_{i-1}`` from ``z_i`` and ``z_{i+1}``.

    Args:
        gamma: Weight of the two-step term.
    """

    gamma: float
    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, Tensor | None]:
        """The pair; none where the climb began at the top.

        Raises:
            ConfigurationError: If another method inverted, which left something else.
        """
        if inversion.memory is None:
            return inversion.latent, None
        if not isinstance(inversion.memory, Neighbour):
            raise ConfigurationError("bdia samples from the pair that it inverted to: invert with bdia too")
        return inversion.latent, inversion.memory.x

    def __call__(self, probe: Probe, here: Level, there: Level, state: Tensor | None) -> tuple[Tensor, Tensor]:
        if state is None:  # the start already lay at the top and left no pair: DDIM begins
            return move(probe.prediction, there), probe.x
        if probe.index == probe.context.top:
            return state, probe.x
        noisier = probe.context.levels[probe.index + 1]
        two_step = self.gamma * (state - move(probe.prediction, noisier))
        return two_step + move(probe.prediction, there), probe.x


def warn_of_amplification(gamma: float, steps: int) -> None:
    """Warn where ``gamma^-N`` exceeds :data:`AMPLIFICATION`."""
    digits = -steps * math.log10(gamma)  # the logarithm: the amplification itself may overflow
    if digits > math.log10(AMPLIFICATION):
        warnings.warn(
            f"bdia amplifies errors by gamma^-N = 10^{digits:.1f} over {steps} steps: raise gamma or take fewer steps",
            RuntimeWarning,
            stacklevel=2,
        )


def bdia(gamma: float = 0.94, strength: float = 1.0) -> Parts:
    """Exact inversion by bidirectional integration.

    The authors edit with gamma = 0.94, strength 0.8 and guidance 3 in both directions; strength is 1 here so that
    methods are compared over the same levels. The way back is exact only if both directions share condition and
    guidance.

    Args:
        gamma: Weight of the two-step term, in (0, 1].
        strength: Fraction of the levels that is climbed, in (0, 1].

    Raises:
        ConfigurationError: If a value is out of range.
    """
    if not 0 < gamma <= 1:
        raise ConfigurationError(f"gamma of bdia must lie in (0, 1], got {gamma}")
    if not 0 < strength <= 1:
        raise ConfigurationError(f"strength of bdia must lie in (0, 1], got {strength}")
    depth = None if strength == 1 else strength
    return Parts(
        step=BidirectionalStep(gamma), sampler=BidirectionalSampler(gamma), depth=depth, double=True, name="bdia"
    )
