r"""Negative-prompt inversion (Miyake et al. 2023): guidance away from the source class instead of the null class.

Null-class inversion spends its optimisation on an embedding under which guided sampling retraces the inversion. Under
the source class itself the null embedding may simply be the source's, for then guidance cancels; sampling is

.. math::
    \hat e = e(\bar y) + w\, (e(y) - e(\bar y)),

with ybar the source and y the target: exact for y = ybar up to the error of the inversion, and standard at w = 1.
The negative embedding may be moved towards the null class along the great circle between the two, flattened over
tokens and features, which gives the exactness up.
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import inner, norm
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Inversion, Parts, State
from spectralkit.inversion.probe import Probe


def slerp(a: Tensor, b: Tensor, ratio: float) -> Tensor:
    """``(sin((1 - r) omega) a + sin(r omega) b) / sin(omega)``, omega the angle between a and b; per sample, (B, ...).

    Linear where a and b are so nearly parallel that the circle through them is lost in round-off.
    """
    tiny = torch.finfo(a.dtype).tiny
    cosine = inner(a, b) / (norm(a) * norm(b)).clamp_min(tiny)
    omega = cosine.clamp(-1, 1).arccos()
    straight = omega.sin() < 1e-3
    sine = torch.where(straight, torch.ones_like(omega), omega.sin())
    of_a = torch.where(straight, 1 - ratio, ((1 - ratio) * omega).sin() / sine)
    of_b = torch.where(straight, ratio, (ratio * omega).sin() / sine)
    return of_a * a + of_b * b


@attrs.frozen
class NegativePromptSampler:
    """The standard transition with the source class in the place of the null class.

    Args:
        ratio: How far the negative embedding lies on the way from the source's to the null class's.
    """

    ratio: float

    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        """The latent, and the target's condition with the negative embedding.

        Raises:
            ConfigurationError: If there is nothing between the source class and the null class.
        """
        source = context.source
        if self.ratio > 0 and not source.embedding.is_floating_point():
            raise ConfigurationError(
                "negative-prompt cannot go a part of the way to the null class: this model has only labels; use ratio=0"
            )
        negative = slerp(source.embedding, source.absence, self.ratio) if self.ratio > 0 else source.embedding
        return inversion.latent, Condition(context.target.embedding, negative)

    def __call__(self, probe: Probe, here: Level, there: Level, state: Condition) -> tuple[Tensor, State]:
        return move(probe.context.predict(probe.x, here, state, probe.guidance), there), state


def negative_prompt(ratio: float = 0.0) -> Parts:
    """Negative-prompt inversion: guide away from the source class instead of the null class.

    It differs from standard inversion only at a sampling guidance other than 1.

    Args:
        ratio: Spherical interpolation of the negative embedding from the source class (0) to the null class (1); the
            reconstruction under the source class is exact at 0 alone.

    Raises:
        ConfigurationError: If the ratio lies outside [0, 1].
    """
    if not 0 <= ratio <= 1:
        raise ConfigurationError(f"ratio of negative-prompt must lie in [0, 1], got {ratio}")
    return Parts(sampler=NegativePromptSampler(ratio), name="negative-prompt")
