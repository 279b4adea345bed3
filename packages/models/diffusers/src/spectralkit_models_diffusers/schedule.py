r"""The levels of a network that was trained on T timesteps, as diffusers lays them.

``alpha_t = sqrt(abar_t)``, ``sigma_t = sqrt(1 - abar_t)`` for the whole t = 0 ... T - 1. A grid of N of them is laid by
one of four rules:

* ``whole`` (DDIM, DDPM, PNDM): timesteps rounded to whole numbers;
* ``inner`` (DPM-Solver, UniPC, DEIS): such a grid of N + 1, without its lowest; ``trailing`` ones are as above;
* ``between`` (Euler, Heun, LMS, KDPM2): timesteps as they fall, and between two of them the noise-to-signal ratio
  ``r = sigma / alpha`` is linear in t;
* ``karras``: r itself is laid, ``r_i = (r_1^{1/7} + u_i (r_N^{1/7} - r_1^{1/7}))^7`` between the ends of a grid
  ``between`` or between ends that are given (Karras et al. 2022), and t follows from ``ln r``, as it falls (Euler) or
  rounded (DPM-Solver, UniPC, KDPM2).

Euler's step in ``x / alpha`` is the deterministic transition in x, so one list of levels serves all of them.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal, cast

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from spectralkit.diffusion.schedule import Final, Level, LevelBatch, Spacing, check_steps

Rule = Literal["whole", "inner", "between", "karras"]
RHO = 7.0


@attrs.frozen
class TrainedSchedule:
    """Levels of a table of ``abar``.

    Args:
        alphas_bar: ``abar_t`` for t = 0 ... T - 1, as the network was trained on it.
        spacing: How the grid is laid, by diffusers' names.
        offset: Added to ``leading`` timesteps.
        final: What the clean level is: the ``level`` of timestep 0, or ``clean``, alpha = 1 and sigma = 0.
        rule: Where grids may lie: see the module.
        ends: Smallest and largest r of a ``karras`` grid; None is that of the grid it replaces.
        rounds: Whether the network is told the timesteps of a ``karras`` grid rounded.
    """

    alphas_bar: tuple[float, ...] = attrs.field(repr=lambda table: f"{len(table)} timesteps")
    spacing: Spacing = "leading"
    offset: int = 0
    final: Final = "level"
    rule: Rule = "whole"
    ends: tuple[float | None, float | None] = (None, None)
    rounds: bool = False

    entry_noise: float = attrs.field(default=0.0, init=False)
    admits_next_label: bool = attrs.field(default=True, init=False)

    @property
    def timesteps(self) -> int:
        """T."""
        return len(self.alphas_bar)

    @cached_property
    def ratios(self) -> NDArray[np.float64]:
        """``sigma_t / alpha_t``, (T,)."""
        abar = np.array(self.alphas_bar)
        with np.errstate(divide="ignore"):  # infinite where no signal is left
            return cast("NDArray[np.float64]", np.sqrt((1 - abar) / abar))

    def levels(self, steps: int) -> tuple[Level, ...]:
        """``steps + 1`` levels, the clean one first, told as timestep 0."""
        check_steps(steps, self.timesteps - (self.rule == "inner"))
        clean = self._level(0.0) if self.final == "level" else Level(label=0.0, alpha=1.0, sigma=0.0)
        if self.rule == "karras":
            return (clean, *map(self._at_ratio, self._karras(steps)))
        return (clean, *(self._level(t) for t in self.grid(steps)))

    def grid(self, steps: int) -> tuple[float, ...]:
        """The N timesteps above the clean level, ascending."""
        T = self.timesteps
        if self.spacing == "trailing":
            return tuple(float(np.round(T - i * (T / steps))) - 1 for i in reversed(range(steps)))
        least = 1 if self.rule == "inner" else 0
        laid, places = steps + least, range(least, steps + least)
        if self.spacing == "leading":
            return tuple(float(min(i * (T // laid) + self.offset, T - 1)) for i in places)
        times = [i * (T - 1) / max(laid - 1, 1) for i in places]
        return tuple(float(np.round(t)) for t in times) if self.rule in ("whole", "inner") else tuple(times)

    def unit_scale(self, level: Level) -> float:
        """1: a variance-preserving latent is already of unit scale."""
        return 1.0

    def interval(self, here: Level, there: Level) -> float:
        """The difference of the timesteps; 1 between a clean image and timestep 0, which are told alike."""
        return there.label - here.label or 1.0

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """``t`` uniform on {0, ..., T - 1}."""
        t = torch.randint(self.timesteps, (batch,), generator=generator)
        abar = torch.tensor(self.alphas_bar, dtype=torch.float64)[t]
        return LevelBatch(t.double(), abar.sqrt(), (1 - abar).sqrt())

    def _level(self, t: float) -> Level:
        if t.is_integer():
            abar = self.alphas_bar[int(t)]
            return Level(label=t, alpha=math.sqrt(abar), sigma=math.sqrt(1 - abar))
        return _of_ratio(t, float(np.interp(t, np.arange(self.timesteps), self.ratios)))

    def _at_ratio(self, ratio: float) -> Level:
        t = np.interp(math.log(ratio), np.log(self.ratios), np.arange(self.timesteps))
        return _of_ratio(float(np.round(t) if self.rounds else t), ratio)

    def _karras(self, steps: int) -> list[float]:
        """Ratios, ascending."""
        replaced = [self._level(t).nsr for t in self.grid(steps)]
        low, high = (end or own for end, own in zip(self.ends, (replaced[0], replaced[-1]), strict=True))
        roots = np.linspace(high ** (1 / RHO), low ** (1 / RHO), steps)[::-1]
        return [float(root**RHO) for root in roots]


def _of_ratio(label: float, ratio: float) -> Level:
    scale = math.hypot(1.0, ratio)
    return Level(label=label, alpha=1 / scale, sigma=ratio / scale)
