"""The one transition ``x' = alpha' x0 + sigma' eps`` against the forms it takes in the literature."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.diffusion.parameterization import EpsParameterization, X0Parameterization
from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.schedule import Level, VPSchedule
from spectralkit.testing.strategies import normal, seeds, ve_levels, vp_levels


def eps_form(here: Level, there: Level) -> tuple[float, float]:
    """``x' = a x + b eps`` with ``b = sqrt(abar') (sqrt(1/abar' - 1) - sqrt(1/abar - 1))``, written in abar."""
    abar, abar_next = here.alpha**2, there.alpha**2
    a = math.sqrt(abar_next / abar)
    return a, math.sqrt(abar_next) * (math.sqrt(1 / abar_next - 1) - math.sqrt(1 / abar - 1))


@given(here=vp_levels(), there=vp_levels(), seed=seeds())
def test_move_is_the_corrected_eps_form(here: Level, there: Level, seed: int) -> None:
    x, eps = normal(seed, 2, 1, 4, 4), normal(seed + 1, 2, 1, 4, 4)
    affine = EpsParameterization().affine(here.alpha, here.sigma)
    prediction = Prediction(affine.p * x + affine.q * eps, affine.p_eps * x + affine.q_eps * eps)
    a, b = eps_form(here, there)
    # 1 / abar - 1 loses up to four digits at the ends of the range of levels.
    torch.testing.assert_close(move(prediction, there), a * x + b * eps, rtol=1e-9, atol=1e-9)


@given(here=ve_levels(), there=ve_levels(), seed=seeds())
def test_move_is_the_euler_step_of_edm(here: Level, there: Level, seed: int) -> None:
    """``x' = (sigma'/sigma) x + (1 - sigma'/sigma) D``, which is ``x + (sigma' - sigma) (x - D) / sigma``."""
    x, denoised = normal(seed, 2, 1, 4, 4), normal(seed + 1, 2, 1, 4, 4)
    affine = X0Parameterization().affine(here.alpha, here.sigma)
    prediction = Prediction(affine.p * x + affine.q * denoised, affine.p_eps * x + affine.q_eps * denoised)
    a = there.sigma / here.sigma
    torch.testing.assert_close(move(prediction, there), a * x + (1 - a) * denoised, rtol=1e-10, atol=1e-10 * max(1, a))


def test_the_coefficient_at_the_top_of_stable_diffusions_schedule() -> None:
    """981 -> 961: the printed b of the paper, without its factor sqrt(abar'), is -1.444; the right one is -0.1233."""
    schedule = VPSchedule()
    here, there = schedule.level(981), schedule.level(961)
    zero, one = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    affine = EpsParameterization().affine(here.alpha, here.sigma)
    b = float(move(Prediction(affine.p * zero + affine.q * one, one), there))
    assert b == pytest.approx(-0.1233, abs=5e-5)
    assert b / there.alpha == pytest.approx(-1.444, abs=5e-4)


@given(level=st.one_of(vp_levels(), ve_levels()), seed=seeds())
def test_moving_nowhere_is_the_identity(level: Level, seed: int) -> None:
    x0, eps = normal(seed, 1, 1, 4, 4), normal(seed + 1, 1, 1, 4, 4)
    x = level.alpha * x0 + level.sigma * eps
    assert torch.equal(move(Prediction(x0, eps), level), x)
