"""Variance-preserving processes: the schedule of Stable Diffusion with three meanings of the network's output."""

from __future__ import annotations

from typing import Literal

from spectralkit.diffusion.parameterization import (
    EpsParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Spacing, VPSchedule

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
    spacing: Spacing = "leading",
    offset: int = 1,
) -> Process:
    """DDPM's forward process with the scaled-linear betas of Stable Diffusion.

    Args:
        target: What the network predicts: the noise, the clean image, or ``alpha eps - sigma x0``.
        timesteps: T, the number of training timesteps.
        beta_start: First beta.
        beta_end: Last beta.
        spacing: How the grid is laid: ``leading``, ``trailing`` or ``linspace``, as in diffusers.
        offset: Added to ``leading`` times.
    """
    return Process(VPSchedule(timesteps, beta_start, beta_end, spacing, offset), PARAMETERIZATIONS[target])
