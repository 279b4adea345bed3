r"""The levels of EDM as diffusers lays them: ``x_t = x_0 + sigma eps``, told as ``ln(sigma) / 4``.

With u_1 = 0 < ... < u_N = 1 even,

.. math::
    \sigma_i = \left(\sigma_{min}^{1/\rho} + u_i (\sigma_{max}^{1/\rho} - \sigma_{min}^{1/\rho})\right)^\rho
    \quad\text{or, exponential,}\quad
    \sigma_i = \sigma_{min}^{1 - u_i} \sigma_{max}^{u_i},

and below them a clean image, which no logarithm tells. Sampling never asks: a step is told the level that it leaves.
The first step of an inversion leaves the clean image, and tells ``sigma_min``, as DDIM's tells timestep 0. With
``final_sigmas_type`` ``sigma_min`` there is no clean level: diffusers' last step stands still, and N steps here are
its N + 1.
"""

from __future__ import annotations

import math

import attrs
import numpy as np
import torch

from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Final, KarrasSchedule, Level, LevelBatch, check_steps
from spectralkit_models_diffusers.config import Config


@attrs.frozen
class EDMGrid:
    """EDM's levels, from a clean image or from ``sigma_min``.

    Args:
        edm: Ends, curvature and labels.
        exponential: Whether the grid is even in ``ln sigma``.
        final: What it begins at: ``clean``, or the ``level`` of ``sigma_min``, to which a clean image is noised first.
    """

    edm: KarrasSchedule
    exponential: bool
    final: Final

    admits_next_label: bool = attrs.field(default=False, init=False)

    @property
    def entry_noise(self) -> float:
        """None where the list has a clean image."""
        return 0.0 if self.final == "clean" else self.edm.entry_noise

    def levels(self, steps: int) -> tuple[Level, ...]:
        """``steps + 1`` levels up to ``sigma_max``."""
        check_steps(steps)
        if self.final == "level":
            return tuple(map(self.edm.level, self._sigmas(steps + 1)))
        clean = Level(label=self.edm.level(self.edm.sigma_min).label, alpha=1.0, sigma=0.0)
        return (clean, *map(self.edm.level, self._sigmas(steps)))

    def unit_scale(self, level: Level) -> float:
        """As of :class:`KarrasSchedule`; of a clean image that of ``sigma_min``, as it is told."""
        return self.edm.unit_scale(level) or self.edm.sigma_min

    def interval(self, here: Level, there: Level) -> float:
        """``ln(sigma' / sigma)``; 1 between a clean image and the next level, which are told alike."""
        return self.edm.interval(here, there) if here.sigma else 1.0

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """As of :class:`KarrasSchedule`."""
        return self.edm.draw(batch, generator)

    def _sigmas(self, count: int) -> list[float]:
        """So many of them, ascending; a single one is the largest, of an exponential grid the smallest."""
        low, high, rho = self.edm.sigma_min, self.edm.sigma_max, self.edm.rho
        if self.exponential:
            return [float(sigma) for sigma in np.exp(np.linspace(math.log(low), math.log(high), count))]
        roots = np.linspace(high ** (1 / rho), low ** (1 / rho), count)[::-1]
        return [float(root**rho) for root in roots]


def read_edm(config: Config, final: Final | None) -> tuple[Process, str]:
    """The process of such a scheduler, and what it is in words.

    Args:
        config: Of ``EDMEulerScheduler`` or ``EDMDPMSolverMultistepScheduler``.
        final: The clean level; None is what the configuration says.

    Raises:
        DataError: If a key has a value that cannot be expressed exactly.
    """
    config.one_of("prediction_type", ("epsilon",))
    laid = config.one_of("sigma_schedule", ("karras", "exponential"))
    ended: Final = "clean" if config.one_of("final_sigmas_type", ("zero", "sigma_min")) == "zero" else "level"
    low, rho, sigma_data = map(config.positive, ("sigma_min", "rho", "sigma_data"))
    high = config.number("sigma_max", lambda n: low < n < math.inf, "a number above sigma_min")
    grid = EDMGrid(KarrasSchedule(low, high, rho), laid == "exponential", final or ended)
    ends = "a clean image" if grid.final == "clean" else "sigma_min"
    told = f"{config.name}: sigma {low:g} to {high:g}, sigma_data {sigma_data:g}, grid {laid}, ends at {ends}"
    return Process(grid, EDMParameterization(sigma_data)), f"{told}; assumed: its solver is the method's"
