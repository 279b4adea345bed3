"""Hypothesis strategies for what spectralkit computes with: seeds, levels, schedules, parameterizations and images."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.parameterization import (
    EDMParameterization,
    EpsParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule

VP_PARAMETERIZATIONS: tuple[Parameterization, ...] = (
    EpsParameterization(),
    X0Parameterization(),
    VParameterization(),
)


def seeds() -> st.SearchStrategy[int]:
    """Seeds of generators."""
    return st.integers(0, 2**32 - 1)


def vp_schedules() -> st.SearchStrategy[VPSchedule]:
    """Variance-preserving schedules of any spacing, T at least 50."""
    return st.builds(
        VPSchedule,
        timesteps=st.integers(50, 1000),
        beta_start=st.floats(1e-4, 1e-3),
        beta_end=st.floats(2e-3, 2e-2),
        spacing=st.sampled_from(("leading", "trailing", "linspace")),
        offset=st.integers(0, 1),
    )


def karras_schedules() -> st.SearchStrategy[KarrasSchedule]:
    """Karras schedules with either label."""
    return st.builds(
        KarrasSchedule,
        sigma_min=st.floats(1e-3, 1e-1),
        sigma_max=st.floats(1.0, 100.0),
        rho=st.floats(1.0, 10.0),
        label=st.sampled_from(("log", "raw")),
    )


def schedules() -> st.SearchStrategy[Schedule]:
    """Schedules of both families."""
    return st.one_of(vp_schedules(), karras_schedules())


def vp_levels() -> st.SearchStrategy[Level]:
    """Levels with ``alpha^2 + sigma^2 = 1`` and a noise-to-signal ratio between 0.01 and 100."""
    angles = st.floats(math.atan(1e-2), math.atan(1e2))
    return st.builds(lambda angle, t: Level(t, math.cos(angle), math.sin(angle)), angles, st.floats(0, 999))


def ve_levels() -> st.SearchStrategy[Level]:
    """Levels with ``alpha = 1`` and sigma between 0.002 and 80."""
    return st.floats(math.log(0.002), math.log(80.0)).map(lambda u: Level(u / 4, 1.0, math.exp(u)))


def edm_parameterizations() -> st.SearchStrategy[EDMParameterization]:
    """EDM with sigma_data between 0.1 and 2."""
    return st.floats(0.1, 2.0).map(EDMParameterization)


def normal(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Standard normal numbers of ``shape``, a pure function of the seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def uniform(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Uniform numbers in [0, 1) of ``shape``, a pure function of the seed: unstructured images."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
