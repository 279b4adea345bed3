r"""Noise schedules: which levels the solver visits, and which levels training draws.

Everything is written in ``x_t = alpha_t x_0 + sigma_t eps``.

* Variance preserving (Ho et al. 2020; Song et al. 2020): ``alpha = sqrt(abar)``,
  ``sigma = sqrt(1 - abar)`` with ``abar_t = prod_{s <= t} (1 - beta_s)``.
* Karras (Karras et al. 2022): ``alpha = 1`` and
  ``sigma_i = (smax^(1/rho) + i/M (smin^(1/rho) - smax^(1/rho)))^rho``.

A schedule gives ONE list of levels, clean to noisy, that inversion walks up and sampling walks down;
nothing ever steps by a fixed stride, which breaks on grids whose spacing is uneven.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Literal, Protocol, get_args, runtime_checkable

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.betas import BetaSchedule, betas
from spectralkit.errors import ConfigurationError

MOST_TIMESTEPS = 1_000_000
"""More training timesteps are taken for a slip of the pen."""

Spacing = Literal["leading", "trailing", "linspace"]
Final = Literal["level", "clean"]


@attrs.frozen
class Level:
    """One noise level, in float64.

    Args:
        label: What the network is told (a timestep, or ``ln(sigma) / 4``).
        alpha: Signal scale, >= 0.
        sigma: Noise scale, >= 0.
    """

    label: float
    alpha: float
    sigma: float

    @property
    def nsr(self) -> float:
        """Noise-to-signal ratio ``sigma / alpha`` (infinite where no signal is left)."""
        return self.sigma / self.alpha if self.alpha > 0 else math.inf


@attrs.frozen
class LevelBatch:
    """One level per training sample: label, alpha and sigma of shape (B,), float64."""

    label: Tensor
    alpha: Tensor
    sigma: Tensor


@runtime_checkable
class Schedule(Protocol):
    """The levels of a diffusion process."""

    @property
    def entry_noise(self) -> float:
        """Standard deviation of the noise a clean image receives as it enters level 0."""
        ...

    @property
    def admits_next_label(self) -> bool:
        """Whether the network may be told the level a step leads to instead of the one it leaves."""
        ...

    def levels(self, steps: int) -> tuple[Level, ...]:
        """``steps + 1`` levels, clean to noisy."""
        ...

    def unit_scale(self, level: Level) -> float:
        """The standard deviation of a unit-variance signal at ``level``; divides a latent before its statistics."""
        ...

    def interval(self, here: Level, there: Level) -> float:
        """The length of an inversion step in the schedule's own time."""
        ...

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """Random levels for training."""
        ...


def check_steps(steps: int, most: int | None = None) -> None:
    """Refuse fewer steps than one, or more than ``most``, with a ConfigurationError."""
    if steps < 1 or (most is not None and steps > most):
        bound = "at least 1" if most is None else f"between 1 and {most}"
        raise ConfigurationError(f"steps must be {bound}, got {steps}")


@attrs.frozen
class VPSchedule:
    """Variance-preserving schedule; its defaults are Stable Diffusion's.

    Args:
        timesteps: T, the number of training timesteps.
        beta_start: First beta.
        beta_end: Last beta.
        beta_schedule: How the betas run between them: see :mod:`spectralkit.diffusion.betas`.
        spacing: ``leading`` (``i * (T // N) + offset``), ``trailing`` (``round(T - i T / N) - 1``)
            or ``linspace`` (``round(linspace(0, T - 1, N))``), as in diffusers.
        offset: Added to ``leading`` times.
        final: What the clean level is: the ``level`` of timestep 0, where noise of sd ``sqrt(1 - abar_0)`` is left, or
            ``clean``, alpha = 1 and sigma = 0. diffusers calls the second ``set_alpha_to_one``.
    """

    timesteps: int = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012
    beta_schedule: BetaSchedule = "scaled_linear"
    spacing: Spacing = "leading"
    offset: int = 1
    final: Final = "level"

    entry_noise: float = attrs.field(default=0.0, init=False)
    admits_next_label: bool = attrs.field(default=True, init=False)

    def __attrs_post_init__(self) -> None:
        for name, value, known in (
            ("beta_schedule", self.beta_schedule, get_args(BetaSchedule)),
            ("spacing", self.spacing, get_args(Spacing)),
            ("final", self.final, get_args(Final)),
        ):
            if value not in known:
                raise ConfigurationError(f"{name} must be one of {', '.join(known)}, got {value!r:.100}")
        if self.timesteps > MOST_TIMESTEPS:
            raise ConfigurationError(f"timesteps must be at most {MOST_TIMESTEPS}, got {self.timesteps}")
        if self.timesteps < 1 or not 0 <= self.offset < self.timesteps:
            raise ConfigurationError(f"offset must lie in [0, timesteps), got {self.offset} of {self.timesteps}")
        if not 0 < self.beta_start <= self.beta_end < 1:
            raise ConfigurationError(
                f"betas must satisfy 0 < beta_start <= beta_end < 1, got {self.beta_start} and {self.beta_end}"
            )

    @cached_property
    def alphas_bar(self) -> Tensor:
        """``abar_t`` for t = 0 ... T - 1, float64."""
        return torch.cumprod(1 - betas(self.beta_schedule, self.beta_start, self.beta_end, self.timesteps), dim=0)

    def level(self, t: int) -> Level:
        """The level of training timestep ``t``."""
        abar = float(self.alphas_bar[t])
        return Level(label=float(t), alpha=math.sqrt(abar), sigma=math.sqrt(1 - abar))

    def grid(self, steps: int) -> tuple[int, ...]:
        """The ``steps`` timesteps above the clean level, ascending."""
        check_steps(steps, self.timesteps)
        T = self.timesteps
        if self.spacing == "leading":
            times = [min(i * (T // steps) + self.offset, T - 1) for i in range(steps)]
        elif self.spacing == "trailing":
            times = [round(T - i * T / steps) - 1 for i in reversed(range(steps))]
        else:
            times = [round(i * (T - 1) / max(steps - 1, 1)) for i in range(steps)]
        return tuple(times)

    def levels(self, steps: int) -> tuple[Level, ...]:
        """The clean level, told as timestep 0, followed by the grid."""
        clean = self.level(0) if self.final == "level" else Level(label=0.0, alpha=1.0, sigma=0.0)
        return (clean, *(self.level(t) for t in self.grid(steps)))

    def unit_scale(self, level: Level) -> float:
        """1: a variance-preserving latent is already of unit scale."""
        return 1.0

    def interval(self, here: Level, there: Level) -> float:
        """The difference of the timesteps."""
        return there.label - here.label

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """``t`` uniform on {0, ..., T - 1}."""
        t = torch.randint(self.timesteps, (batch,), generator=generator)
        abar = self.alphas_bar[t]
        return LevelBatch(t.double(), abar.sqrt(), (1 - abar).sqrt())


@attrs.frozen
class KarrasSchedule:
    """Variance-exploding schedule of EDM (Karras et al. 2022), in the convention ``M = N``.

    Args:
        sigma_min: Smallest noise level, > 0.
        sigma_max: Largest noise level.
        rho: Curvature of the grid.
        p_mean: Mean of ``ln sigma`` in training.
        p_std: Standard deviation of ``ln sigma`` in training.
        label: What the network is told: ``log`` is ``ln(sigma) / 4``, ``raw`` is sigma.
        start_noise: Standard deviation of the noise a clean image receives before inversion; None means ``sigma_min``.
    """

    sigma_min: float = 0.002
    sigma_max: float = 80.0
    rho: float = 7.0
    p_mean: float = -1.2
    p_std: float = 1.2
    label: Literal["log", "raw"] = "log"
    start_noise: float | None = None

    def __attrs_post_init__(self) -> None:
        if not 0 < self.sigma_min < self.sigma_max < math.inf:
            raise ConfigurationError(
                f"noise levels must satisfy 0 < sigma_min < sigma_max, got {self.sigma_min} and {self.sigma_max}"
            )
        if not (self.rho > 0 and self.p_std > 0):
            raise ConfigurationError(f"rho and p_std must be positive, got {self.rho} and {self.p_std}")
        if self.start_noise is not None and not 0 <= self.start_noise < math.inf:
            raise ConfigurationError(f"start_noise must be finite and not negative, got {self.start_noise}")

    admits_next_label: bool = attrs.field(default=False, init=False)

    @property
    def entry_noise(self) -> float:
        """``start_noise``, by default ``sigma_min``: the level list never reaches a clean image."""
        return self.sigma_min if self.start_noise is None else self.start_noise

    def level(self, sigma: float) -> Level:
        """The level of noise scale ``sigma``."""
        return Level(label=math.log(sigma) / 4 if self.label == "log" else sigma, alpha=1.0, sigma=sigma)

    def levels(self, steps: int) -> tuple[Level, ...]:
        """``steps + 1`` levels from ``sigma_min`` to ``sigma_max``."""
        check_steps(steps)
        low, high = self.sigma_min ** (1 / self.rho), self.sigma_max ** (1 / self.rho)
        inner = [(low + i / steps * (high - low)) ** self.rho for i in range(1, steps)]
        return tuple(self.level(s) for s in (self.sigma_min, *inner, self.sigma_max))

    def unit_scale(self, level: Level) -> float:
        """``sigma``: the noise carries all the variance that statistics look at."""
        return level.sigma

    def interval(self, here: Level, there: Level) -> float:
        """``ln(sigma' / sigma)``, guarded by 1e-6 as in the authors' release of OVG."""
        return math.log(there.sigma / (here.sigma + 1e-6))

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """``ln sigma ~ N(p_mean, p_std^2)``."""
        log_sigma = self.p_mean + self.p_std * torch.randn(batch, generator=generator, dtype=torch.float64)
        sigma = log_sigma.exp()
        return LevelBatch(log_sigma / 4 if self.label == "log" else sigma, torch.ones_like(sigma), sigma)
