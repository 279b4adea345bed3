"""Variance-preserving processes: the schedule of Stable Diffusion with three meanings of the network's output."""

from __future__ import annotations

from typing import Literal

from spectralkit.diffusion.betas import BetaSchedule
from spectralkit.diffusion.parameterization import (
    EpsParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Final, Spacing, VPSchedule
from spectralkit.errors import ConfigurationError

Target = Literal["eps", "x0", "v"]

PARAMETERIZATIONS: dict[Target, Parameterization] = {
    "eps": EpsParameterization(),
    "x0": X0Parameterization(),
    "v": VParameterization(),
}


def variance_preserving(  # noqa: PLR0917  (all by keyword, from the registry)
    target: Target,
    timesteps: int = 1000,
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
    beta_schedule: BetaSchedule = "scaled_linear",
    spacing: Spacing = "leading",
    offset: int = 1,
    final: Final = "level",
) -> Process:
    """DDPM's forward process; the defaults are the betas of Stable Diffusion.

    Args:
        target: What the network predicts: the noise, the clean image, or ``alpha eps - sigma x0``.
        timesteps: T, the number of training timesteps.
        beta_start: First beta.
        beta_end: Last beta.
        beta_schedule: How the betas run between them, by diffusers' names.
        spacing: How the grid is laid: ``leading``, ``trailing`` or ``linspace``, as in diffusers.
        offset: Added to ``leading`` times.
        final: What the clean level is: the ``level`` of timestep 0, with a little noise, or ``clean``, without any.

    Raises:
        ConfigurationError: If a value is impossible, or the clean image is predicted at a level without noise.
    """
    if target == "x0" and final == "clean":
        raise ConfigurationError("ddim-x0 divides by sigma, which is 0 at a clean final level: use final='level'")
    schedule = VPSchedule(timesteps, beta_start, beta_end, beta_schedule, spacing, offset, final)
    return Process(schedule, PARAMETERIZATIONS[target])
