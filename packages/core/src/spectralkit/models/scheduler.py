"""A process as the diffusers scheduler that means the same, for the ``scheduler/`` of a checkpoint."""

from __future__ import annotations

from typing import Any

from spectralkit.diffusion.flow import FlowSchedule
from spectralkit.diffusion.parameterization import (
    EDMParameterization,
    EpsParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.torchvision_fix import repair_torchvision

PREDICTION: dict[type[Parameterization], str] = {
    EpsParameterization: "epsilon",
    X0Parameterization: "sample",
    VParameterization: "v_prediction",
}
"""diffusers' names of what a network predicts."""


def scheduler_for(process: Process) -> Any | None:
    """The scheduler, or None where diffusers has none that means the same.

    A variance-preserving process is a ``DDIMScheduler``, EDM an ``EDMEulerScheduler`` (which ends at a clean image,
    where ours ends at ``sigma_min``), rectified flow a ``FlowMatchEulerDiscreteScheduler``.
    """
    repair_torchvision()
    import diffusers

    match process:
        case Process(schedule=VPSchedule() as vp) if type(process.parameterization) in PREDICTION:
            return diffusers.DDIMScheduler(
                num_train_timesteps=vp.timesteps,
                beta_start=vp.beta_start,
                beta_end=vp.beta_end,
                beta_schedule=vp.beta_schedule,
                prediction_type=PREDICTION[type(process.parameterization)],
                timestep_spacing=vp.spacing,
                steps_offset=vp.offset,
                set_alpha_to_one=vp.final == "clean",
                clip_sample=False,
            )
        case Process(schedule=KarrasSchedule() as ve, parameterization=EDMParameterization() as edm):
            if ve.label == "raw":  # diffusers tells the network ln(sigma) / 4
                return None
            return diffusers.EDMEulerScheduler(
                sigma_min=ve.sigma_min, sigma_max=ve.sigma_max, sigma_data=edm.sigma_data, rho=ve.rho
            )
        case Process(schedule=FlowSchedule() as flow):
            return diffusers.FlowMatchEulerDiscreteScheduler(num_train_timesteps=flow.timesteps, shift=flow.shift)
    return None
