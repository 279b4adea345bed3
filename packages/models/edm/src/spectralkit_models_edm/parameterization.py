"""The process of EDM (Karras et al. 2022): a variance-exploding schedule and a preconditioned denoiser."""

from __future__ import annotations

from typing import Literal

from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule


def edm(
    sigma_data: float = 0.5,
    sigma_min: float = 0.002,
    sigma_max: float = 80.0,
    rho: float = 7.0,
    *,
    p_mean: float = -1.2,
    p_std: float = 1.2,
    label: Literal["log", "raw"] = "log",
    start_noise: float | None = None,
) -> Process:
    """Preconditioned denoiser on the Karras schedule.

    Args:
        sigma_data: Standard deviation of the data.
        sigma_min: Smallest noise level.
        sigma_max: Largest noise level.
        rho: Curvature of the grid.
        p_mean: Mean of ``ln sigma`` in training.
        p_std: Standard deviation of ``ln sigma`` in training.
        label: What the network is told: ``log`` is ``ln(sigma) / 4``, ``raw`` is sigma.
        start_noise: Standard deviation of the noise added to a clean image before inversion; None is ``sigma_min``.
    """
    schedule = KarrasSchedule(sigma_min, sigma_max, rho, p_mean, p_std, label, start_noise)
    return Process(schedule, EDMParameterization(sigma_data))
