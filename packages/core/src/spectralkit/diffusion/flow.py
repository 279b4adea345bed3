r"""The schedule of rectified flow (Liu et al. 2023; Lipman et al. 2023).

Images and noise are joined by straight lines, ``x_t = (1 - t) x_0 + t eps``: ``alpha = 1 - t``, ``sigma = t``, clean at
t = 0 and noise at t = 1. A shift s moves the grid towards the noise (Esser et al. 2024), as large images need:

.. math::
    t = \frac{s\,u}{s\,u + (1 - u)}, \qquad u = i / N.
"""

from __future__ import annotations

import math
from typing import Literal, TypeVar

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.schedule import Level, LevelBatch, check_steps
from spectralkit.errors import ConfigurationError

Density = Literal["uniform", "logit-normal"]
Time = TypeVar("Time", float, Tensor)


@attrs.frozen
class FlowSchedule:
    """Straight lines from image to noise.

    Args:
        shift: s, > 0; 1 is an even grid.
        timesteps: What the network is told at t = 1; t times this elsewhere.
        density: How training draws u: ``uniform``, or ``logit-normal``, the logistic function of a standard normal
            number, which favours the middle (Esser et al. 2024). Levels are shifted as the grid is.
    """

    shift: float = 1.0
    timesteps: int = 1000
    density: Density = "uniform"

    entry_noise: float = attrs.field(default=0.0, init=False)
    admits_next_label: bool = attrs.field(default=True, init=False)

    def __attrs_post_init__(self) -> None:
        if not 0 < self.shift < math.inf:
            raise ConfigurationError(f"shift must be positive and finite, got {self.shift}")
        if self.timesteps < 1:
            raise ConfigurationError(f"timesteps must be at least 1, got {self.timesteps}")

    def level(self, u: float) -> Level:
        """The level at ``u`` in [0, 1]."""
        t = self._shifted(u)
        return Level(label=self.timesteps * t, alpha=1 - t, sigma=t)

    def levels(self, steps: int) -> tuple[Level, ...]:
        """``steps + 1`` levels from the clean image, exactly, to noise without a trace of it."""
        check_steps(steps)
        return tuple(self.level(i / steps) for i in range(steps + 1))

    def unit_scale(self, level: Level) -> float:
        """``sqrt(alpha^2 + sigma^2)``: below 1 between the ends, where image and noise partly cancel."""
        return math.hypot(level.alpha, level.sigma)

    def interval(self, here: Level, there: Level) -> float:
        """The difference of what the network is told, as for a variance-preserving schedule."""
        return there.label - here.label

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """u from the density, shifted."""
        if self.density == "uniform":
            u = torch.rand(batch, generator=generator, dtype=torch.float64)
        else:
            u = torch.randn(batch, generator=generator, dtype=torch.float64).sigmoid()
        t = self._shifted(u)
        return LevelBatch(self.timesteps * t, 1 - t, t)

    def _shifted(self, u: Time) -> Time:
        return self.shift * u / (self.shift * u + (1 - u))  # in this form exactly 1 at u = 1, whatever the shift
