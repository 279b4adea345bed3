"""Noised samples, targets and weights."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.diffusion.parameterization import (
    EDMParameterization,
    EpsParameterization,
    FlowParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule, LevelBatch, Schedule, VPSchedule
from spectralkit_models_training.objective import LEAST, Objective

angles = st.floats(0.02, 1.55)
seeds = st.integers(0, 2**31)


def vp(angle: float) -> LevelBatch:
    """One variance-preserving level."""
    theta = torch.tensor([angle], dtype=torch.float64)
    return LevelBatch(theta, theta.cos(), theta.sin())


def samples(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Image and noise, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    x0, eps = torch.randn(2, 1, 3, 4, 4, generator=generator, dtype=torch.float64)
    return x0, eps


PARAMETERIZATIONS = [EpsParameterization(), X0Parameterization(), VParameterization()]
SCHEDULES: list[tuple[Schedule, Parameterization]] = [
    *((VPSchedule(), parameterization) for parameterization in PARAMETERIZATIONS),
    (KarrasSchedule(), EDMParameterization(0.7)),
]


@pytest.mark.parametrize("parameterization", PARAMETERIZATIONS, ids=lambda p: type(p).__name__)
@given(angle=angles, seed=seeds, gamma=st.floats(0.1, 20))
def test_min_snr_weighs_the_error_of_the_image(
    parameterization: Parameterization, angle: float, seed: int, gamma: float
) -> None:
    """Hang et al. 2023: min(SNR, gamma) on the clean image, whatever the network predicts."""
    (x0, eps), levels = samples(seed), vp(angle)
    problem = Objective(Process(VPSchedule(), parameterization), "min-snr", gamma).problem(x0, eps, levels)
    output = problem.target + torch.ones_like(x0)
    affine = parameterization.affine(levels.alpha, levels.sigma)
    x = levels.alpha * x0 + levels.sigma * eps
    image_error = (affine.p * x + affine.q * output - x0).square().mean()
    snr = (levels.alpha / levels.sigma) ** 2
    wanted = snr.clamp(max=gamma) * image_error
    loss = (problem.weight * (output - problem.target).square().mean()).sum()
    torch.testing.assert_close(loss, wanted.sum(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("parameterization", "weight"),
    [
        (EpsParameterization(), lambda snr: snr.clamp(max=5) / snr),
        (X0Parameterization(), lambda snr: snr.clamp(max=5)),
        (VParameterization(), lambda snr: snr.clamp(max=5) / (snr + 1)),
    ],
)
@given(angle=angles)
def test_min_snr_has_its_published_forms(parameterization, weight, angle: float) -> None:  # type: ignore[no-untyped-def]
    levels = vp(angle)
    found = Objective(Process(VPSchedule(), parameterization), "min-snr").weights(levels)
    torch.testing.assert_close(found, weight((levels.alpha / levels.sigma) ** 2))


@given(sigma=st.floats(0.002, 80), sd=st.floats(0.1, 3), seed=seeds)
def test_the_plain_error_of_edm_is_its_weighted_denoising_loss(sigma: float, sd: float, seed: int) -> None:
    """Karras et al. 2022: (sigma^2 + sd^2) / (sigma sd)^2 on the denoiser's output."""
    x0, eps = samples(seed)
    levels = LevelBatch(torch.zeros(1), torch.ones(1).double(), torch.tensor([sigma], dtype=torch.float64))
    edm = EDMParameterization(sd)
    problem = Objective(Process(KarrasSchedule(), edm)).problem(x0, eps, levels)
    output = torch.zeros_like(x0)
    affine = edm.affine(levels.alpha, levels.sigma)
    denoised = affine.p * (x0 + sigma * eps) + affine.q * output
    wanted = (sigma**2 + sd**2) / (sigma * sd) ** 2 * (denoised - x0).square().mean()
    torch.testing.assert_close((output - problem.target).square().mean(), wanted, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(problem.weight, torch.ones_like(problem.weight))


@pytest.mark.parametrize(("schedule", "parameterization"), SCHEDULES, ids=lambda p: type(p).__name__)
@given(seed=seeds)
def test_a_network_that_hits_the_target_predicts_image_and_noise(
    schedule: Schedule, parameterization: Parameterization, seed: int
) -> None:
    x0, eps = samples(seed)
    levels = schedule.draw(1, torch.Generator().manual_seed(seed))
    problem = Objective(Process(schedule, parameterization)).problem(x0, eps, levels)
    x = levels.alpha * x0 + levels.sigma * eps
    affine = parameterization.affine(levels.alpha, levels.sigma)
    torch.testing.assert_close(affine.p * x + affine.q * problem.target, x0, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(problem.scaled, parameterization.input_scale(levels.alpha, levels.sigma) * x)


@given(angle=angles)
def test_the_middle_counts_most_and_no_level_nothing(angle: float) -> None:
    objective = Objective(Process(VPSchedule(), EpsParameterization()), "middle")
    most = objective.weights(vp(torch.pi / 4))
    assert LEAST <= float(objective.weights(vp(angle))) <= float(most) + 1e-12
    scaled = vp(angle)
    thrice = LevelBatch(scaled.label, 3 * scaled.alpha, 3 * scaled.sigma)
    torch.testing.assert_close(objective.weights(thrice), objective.weights(scaled))


@given(seed=seeds)
def test_the_loss_is_the_weighted_mean_over_samples(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x0, eps = torch.randn(2, 5, 3, 4, 4, generator=generator, dtype=torch.float64)
    objective = Objective(Process(VPSchedule(), FlowParameterization()), "middle")
    levels = objective.draw(5, generator)
    problem, output = objective.problem(x0, eps, levels), torch.randn(5, 3, 4, 4, generator=generator)
    wanted = sum(w * ((o - t) ** 2).mean() for w, o, t in zip(problem.weight, output, problem.target, strict=True)) / 5
    torch.testing.assert_close(problem.loss(output), wanted)
