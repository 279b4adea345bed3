"""The process of rectified flow: straight lines from image to noise, and a network that predicts their velocity."""

from __future__ import annotations

from spectralkit.diffusion.flow import Density, FlowSchedule
from spectralkit.diffusion.parameterization import FlowParameterization
from spectralkit.diffusion.process import Process


def flow(shift: float = 1.0, timesteps: int = 1000, density: Density = "uniform") -> Process:
    """Rectified flow: ``x_t = (1 - t) x_0 + t eps``, and ``eps - x_0`` predicted.

    Args:
        shift: Moves the levels towards the noise, ``t = s u / (1 + (s - 1) u)``; 1 is an even grid, 3 that of Stable
            Diffusion 3.
        timesteps: What the network is told at t = 1; t times this elsewhere.
        density: How training draws its levels: ``uniform`` or ``logit-normal``, which favours the middle.
    """
    return Process(FlowSchedule(shift, timesteps, density), FlowParameterization())
