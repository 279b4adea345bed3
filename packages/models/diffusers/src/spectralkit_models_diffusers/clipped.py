r"""A denoiser whose predicted image is kept to a range, as a scheduler with ``clip_sample`` keeps it.

``x0_hat`` is clamped to [-b, b]. The predicted noise stays what the network says (DDIM), or follows from the clamped
image, ``eps_hat = (x - alpha x0_hat) / sigma`` (DDPM, whose posterior mean is written in x_t and x0_hat).
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.denoiser import Condition, NetworkDenoiser
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level


@attrs.frozen
class Clip:
    """How a scheduler clips.

    Args:
        bound: b.
        follows: Whether the predicted noise follows from the clamped image.
    """

    bound: float
    follows: bool


@attrs.frozen(eq=False)
class ClippedDenoiser:
    """Wraps another.

    Args:
        denoiser: What predicts.
        clip: What is done to its prediction.
    """

    denoiser: NetworkDenoiser
    clip: Clip

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction:
        """``x0_hat`` in [-b, b], and ``eps_hat``."""
        raw = self.denoiser(x, level, condition, guidance)
        x0 = raw.x0.clamp(-self.clip.bound, self.clip.bound)
        # Without noise in x there is none to follow: the network's own is the limit.
        eps = (x - level.alpha * x0) / level.sigma if self.clip.follows and level.sigma > 0 else raw.eps
        return Prediction(x0, eps)

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> ClippedDenoiser:
        """The denoiser on another device or in another precision."""
        return attrs.evolve(self, denoiser=self.denoiser.to(device, dtype))
