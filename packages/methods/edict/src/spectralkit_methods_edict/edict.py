r"""EDICT (Wallace, Gokul & Naik 2023): exact inversion with a pair of states, each moved by the other's noise.

From the level (alpha, sigma) at label t to the cleaner (alpha', sigma'), with ``a = alpha' / alpha`` and
``b = sigma' - a sigma``, one sampling step of the pair (u, v) is

.. math::
    u_1 = a u + b\,\hat\epsilon(v, t), \quad v_1 = a v + b\,\hat\epsilon(u_1, t), \qquad
    u \leftarrow p\,u_1 + (1 - p)\,v_1, \quad v \leftarrow p\,v_1 + (1 - p)\,u,

the last line with the new u. Every line can be undone, and inversion does so in reverse order:

.. math::
    v_1 = \frac{v - (1 - p) u}{p}, \quad u_1 = \frac{u - (1 - p) v_1}{p}, \qquad
    v = \frac{v_1 - b\,\hat\epsilon(u_1, t)}{a}, \quad u = \frac{u_1 - b\,\hat\epsilon(v, t)}{a}.

The branch that is moved first alternates: u at the noisiest step in use, then v, and so on; the order of mixing never
changes. The network is told t, the noisier end, in both directions, whatever the run's label convention; so both
directions evaluate it at the same points. The pair starts as u = v = x_0, and u is the result.

Mixing shrinks the difference of the pair by ``p^2`` a step, so inversion amplifies it, and round-off with it, by
``p^-2``: 1.4e3 over 50 steps at p = 0.93. The solver's state is therefore float64.

``probe.x`` is u; the step and the sampler carry v.
"""

from __future__ import annotations

import math
import warnings

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.prediction import coefficients
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Inversion, Parts
from spectralkit.inversion.probe import Probe

TOLERANCE = 1e-4
"""Relative error of the amplified round-off above which a warning is given."""


def u_first(context: Context, noisy: int) -> bool:
    """Whether sampling moves u first in the step that leaves the level of index ``noisy``."""
    return (context.top - noisy) % 2 == 0


def noise_at(probe: Probe, x: Tensor, level: Level) -> Tensor:
    """``eps_hat(x, t)``."""
    return probe.at(x, level).prediction.eps


@attrs.frozen
class CoupledStep:
    """Un-mix the pair, then un-move both branches.

    Args:
        p: Weight of a branch's own state in the mix.
    """

    p: float

    def init(self, encoded: Encoded, context: Context) -> Tensor:
        """``v = u``.

        Raises:
            ConfigurationError: If a level in use carries no signal, where ``a`` does not exist.
        """
        levels = context.levels[encoded.index : context.top + 1]
        if min(level.alpha for level in levels) <= 0:
            raise ConfigurationError(
                "edict divides by alpha, which is 0 at the noisiest level it climbs to: use a strength below 1"
            )
        warn_of_round_off(self.p, context.top - encoded.index, encoded.x.dtype)
        return encoded.x

    def __call__(self, probe: Probe, here: Level, there: Level, state: Tensor) -> tuple[Tensor, Tensor]:
        a, b = coefficients(there, here)
        u, v = probe.x, state
        v = (v - (1 - self.p) * u) / self.p
        u = (u - (1 - self.p) * v) / self.p
        if u_first(probe.context, probe.index + 1):
            v = (v - b * noise_at(probe, u, there)) / a
            u = (u - b * noise_at(probe, v, there)) / a
        else:
            u = (u - b * noise_at(probe, v, there)) / a
            v = (v - b * noise_at(probe, u, there)) / a
        return u, v


@attrs.frozen
class CoupledSampler:
    """Move both branches, then mix the pair.

    Args:
        p: Weight of a branch's own state in the mix.
    """

    p: float
    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, Tensor]:
        """The pair.

        Raises:
            ConfigurationError: If another method inverted, which left none.
        """
        if not isinstance(inversion.memory, Tensor):
            raise ConfigurationError("edict samples from the pair that it inverted to: invert with edict too")
        return inversion.latent, inversion.memory

    def __call__(self, probe: Probe, here: Level, there: Level, state: Tensor) -> tuple[Tensor, Tensor]:
        a, b = coefficients(here, there)
        u, v = probe.x, state
        if u_first(probe.context, probe.index):
            u = a * u + b * noise_at(probe, v, here)
            v = a * v + b * noise_at(probe, u, here)
        else:
            v = a * v + b * noise_at(probe, u, here)
            u = a * u + b * noise_at(probe, v, here)
        u = self.p * u + (1 - self.p) * v
        return u, self.p * v + (1 - self.p) * u


def warn_of_round_off(p: float, steps: int, dtype: torch.dtype) -> None:
    """Warn where ``p^-2`` per step lifts the precision's round-off above :data:`TOLERANCE`."""
    digits = -2 * steps * math.log10(p)  # the logarithm: the amplification itself may overflow
    if digits + math.log10(torch.finfo(dtype).eps) > math.log10(TOLERANCE):
        warnings.warn(
            f"edict amplifies round-off by p^(-2 N) = 10^{digits:.1f} over {steps} steps in {dtype}: "
            "raise p, take fewer steps or a wider precision",
            RuntimeWarning,
            stacklevel=2,
        )


def edict(p: float = 0.93, strength: float = 1.0) -> Parts:
    """Exact inversion with coupled states.

    The authors edit with p = 0.93, strength 0.8 and guidance 3 in both directions; strength is 1 here so that methods
    are compared over the same levels. The way back is exact only if both directions share condition and guidance.

    Args:
        p: Weight of a branch's own state in the mix, in (0, 1].
        strength: Fraction of the levels that is climbed, in (0, 1].

    Raises:
        ConfigurationError: If a value is out of range.
    """
    if not 0 < p <= 1:
        raise ConfigurationError(f"p of edict must lie in (0, 1], got {p}")
    if not 0 < strength <= 1:
        raise ConfigurationError(f"strength of edict must lie in (0, 1], got {strength}")
    depth = None if strength == 1 else strength
    return Parts(step=CoupledStep(p), sampler=CoupledSampler(p), depth=depth, double=True, name="edict")
