r"""The noise that a discrete diffusion adds at each of its T timesteps, by the names diffusers gives the schedules.

* ``linear`` (Ho et al. 2020): betas evenly spaced;
* ``scaled_linear`` (Stable Diffusion): their square roots evenly spaced;
* ``squaredcos_cap_v2`` (Nichol & Dhariwal 2021): ``abar`` falls as ``cos^2((u + 0.008) / 1.008 * pi / 2)``, u = t / T,
  every beta at most 0.999.

They differ more than their ends tell: at t = 500 of 1000, from 1e-4 to 0.02, ``linear`` has abar = 0.078 and
``scaled_linear`` 0.331.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

BetaSchedule = Literal["linear", "scaled_linear", "squaredcos_cap_v2"]


def betas(schedule: BetaSchedule, start: float, end: float, timesteps: int) -> Tensor:
    """``beta_t`` for t = 0 ... T - 1, float64; the cosine schedule has no ends of its own.

    Args:
        schedule: Which.
        start: First beta, in (0, 1).
        end: Last beta, in [start, 1).
        timesteps: T.
    """
    if schedule == "linear":
        return torch.linspace(start, end, timesteps, dtype=torch.float64)
    if schedule == "scaled_linear":
        return torch.linspace(start**0.5, end**0.5, timesteps, dtype=torch.float64).square()
    u = torch.arange(timesteps + 1, dtype=torch.float64) / timesteps
    signal = ((u + 0.008) / 1.008 * math.pi / 2).cos().square()
    return (1 - signal[1:] / signal[:-1]).clamp_max(0.999)
