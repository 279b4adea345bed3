"""Variance-preserving processes: the schedule of Stable Diffusion with three meanings of the network's output."""

from __future__ import annotations

from spectralkit.diffusion.parameterization import EpsParameterization, VParameterization, X0Parameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Spacing, VPSchedule


def ddim(
    timesteps: int = 1000,
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
    spacing: Spacing = "leading",
    offset: int = 1,
) -> Process:
    """The network predicts the noise (Ho et al. 2020).

    Args:
        timesteps: T, the number of training timesteps.
        beta_start: First beta of the scaled-linear schedule.
        beta_end: Last beta.
        spacing: How the grid is laid: ``leading``, ``trailing`` or ``linspace``, as in diffusers.
        offset: Added to ``leading`` times.
    """
    return Process(VPSchedule(timesteps, beta_start, beta_end, spacing, offset), EpsParameterization())


def ddim_x0(
    timesteps: int = 1000,
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
    spacing: Spacing = "leading",
    offset: int = 1,
) -> Process:
    """The network predicts the clean image.

    Args:
        timesteps: T, the number of training timesteps.
        beta_start: First beta of the scaled-linear schedule.
        beta_end: Last beta.
        spacing: How the grid is laid: ``leading``, ``trailing`` or ``linspace``, as in diffusers.
        offset: Added to ``leading`` times.
    """
    return Process(VPSchedule(timesteps, beta_start, beta_end, spacing, offset), X0Parameterization())


def ddim_v(
    timesteps: int = 1000,
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
    spacing: Spacing = "leading",
    offset: int = 1,
) -> Process:
    """The network predicts the velocity ``alpha eps - sigma x0`` (Salimans & Ho 2022).

    Args:
        timesteps: T, the number of training timesteps.
        beta_start: First beta of the scaled-linear schedule.
        beta_end: Last beta.
        spacing: How the grid is laid: ``leading``, ``trailing`` or ``linspace``, as in diffusers.
        offset: Added to ``leading`` times.
    """
    return Process(VPSchedule(timesteps, beta_start, beta_end, spacing, offset), VParameterization())
