"""What a network's output means: the affine maps, their inverses, and that with an exact score they all agree."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.parameterization import (
    EDMParameterization,
    EpsParameterization,
    Parameterization,
    VParameterization,
    X0Parameterization,
)
from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import OracleNetwork, context_for, random_gaussian, source_batch
from spectralkit.testing.strategies import (
    VP_PARAMETERIZATIONS,
    edm_parameterizations,
    normal,
    seeds,
    ve_levels,
    vp_levels,
)

VP_OR_VE = st.one_of(
    st.tuples(st.sampled_from(VP_PARAMETERIZATIONS), st.one_of(vp_levels(), ve_levels())),
    st.tuples(edm_parameterizations(), ve_levels()),
)


def predict(parameterization: Parameterization, x: Tensor, output: Tensor, level: Level) -> Prediction:
    affine = parameterization.affine(level.alpha, level.sigma)
    return Prediction(affine.p * x + affine.q * output, affine.p_eps * x + affine.q_eps * output)


@given(pair=VP_OR_VE, seed=seeds())
def test_a_prediction_reconstructs_the_state_it_was_made_at(pair: tuple[Parameterization, Level], seed: int) -> None:
    """Whatever F is: ``x = alpha x0_hat + sigma eps_hat``."""
    parameterization, level = pair
    x, output = normal(seed, 2, 1, 4, 4), normal(seed + 1, 2, 1, 4, 4)
    prediction = predict(parameterization, x, output, level)
    # Divisions by alpha or sigma amplify round-off by the ratio of the terms: 1e4 at most here.
    torch.testing.assert_close(move(prediction, level), x, rtol=0, atol=1e-10 * max(1.0, level.sigma))


@given(pair=VP_OR_VE, seed=seeds())
def test_the_training_target_is_what_predicts_the_truth(pair: tuple[Parameterization, Level], seed: int) -> None:
    parameterization, level = pair
    x0, eps = normal(seed, 2, 1, 4, 4), normal(seed + 1, 2, 1, 4, 4)
    x = level.alpha * x0 + level.sigma * eps
    prediction = predict(parameterization, x, parameterization.target(x0, eps, level.alpha, level.sigma), level)
    ratio = max(level.nsr, 1 / level.nsr)
    torch.testing.assert_close(prediction.x0, x0, rtol=0, atol=1e-13 * ratio)
    torch.testing.assert_close(prediction.eps, eps, rtol=0, atol=1e-13 * ratio)


@given(pair=VP_OR_VE, seed=seeds())
def test_scalars_and_per_sample_tensors_agree(pair: tuple[Parameterization, Level], seed: int) -> None:
    """Training gives (B, 1, 1, 1) levels to the formulas that sampling gives floats."""
    parameterization, level = pair
    x, output = normal(seed, 3, 1, 4, 4), normal(seed + 1, 3, 1, 4, 4)
    alpha, sigma = (torch.full((3, 1, 1, 1), value, dtype=torch.float64) for value in (level.alpha, level.sigma))
    affine = parameterization.affine(alpha, sigma)
    scalar = predict(parameterization, x, output, level)
    torch.testing.assert_close(affine.p * x + affine.q * output, scalar.x0)
    torch.testing.assert_close(affine.p_eps * x + affine.q_eps * output, scalar.eps)


@given(level=ve_levels(), parameterization=edm_parameterizations(), seed=seeds())
def test_edm_weighted_denoising_loss_is_the_unweighted_loss_of_its_network(
    level: Level, parameterization: EDMParameterization, seed: int
) -> None:
    r"""``(s^2 + sd^2) / (s sd)^2 |D - x0|^2 = |F - target|^2``, because weight times c_out^2 is 1 (Karras 2022)."""
    sigma, sd = level.sigma, parameterization.sigma_data
    x0, eps, output = (normal(seed + i, 2, 1, 4, 4) for i in range(3))
    c_skip = sd**2 / (sigma**2 + sd**2)
    c_out = sigma * sd / (sigma**2 + sd**2) ** 0.5
    weight = (sigma**2 + sd**2) / (sigma * sd) ** 2
    assert weight * c_out**2 == pytest.approx(1, rel=1e-12)
    x = x0 + sigma * eps
    denoised = c_skip * x + c_out * output
    unweighted = (output - parameterization.target(x0, eps, 1.0, sigma)).square()
    # The left side cancels D against x0, which costs sd / sigma digits.
    tolerance = 1e-11 * max(1.0, (sd / sigma) ** 2, (sigma / sd) ** 2)
    torch.testing.assert_close(weight * (denoised - x0).square(), unweighted, rtol=1e-9, atol=tolerance)


@given(level=ve_levels(), parameterization=edm_parameterizations())
def test_edm_input_has_unit_variance(level: Level, parameterization: EDMParameterization) -> None:
    variance = parameterization.sigma_data**2 + level.sigma**2
    assert float(parameterization.input_scale(1.0, level.sigma)) ** 2 * variance == pytest.approx(1)


FAMILIES: dict[str, tuple[Schedule, tuple[Parameterization, ...]]] = {
    "vp": (VPSchedule(), VP_PARAMETERIZATIONS),
    "ve": (
        KarrasSchedule(start_noise=0.0),
        (EpsParameterization(), X0Parameterization(), VParameterization(), EDMParameterization(0.7)),
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=5)
@given(seed=seeds())
def test_with_an_exact_score_the_parameterization_changes_nothing(family: str, seed: int) -> None:
    schedule, parameterizations = FAMILIES[family]
    oracle = random_gaussian(seed)
    x0 = source_batch(oracle, 0, 2, seed)
    direct = context_for(oracle, x0, 20, schedule=schedule)
    expected = translate(Parts(), direct)
    for parameterization in parameterizations:
        network = OracleNetwork(oracle, parameterization, direct.levels)
        denoiser = NetworkDenoiser(network, parameterization, torch.float64)
        context = context_for(denoiser, x0, 20, schedule=schedule)
        scale = float(expected.inversion.latent.abs().max())
        # Twenty steps amplify the round-off of 1 / sigma at sigma = 0.002.
        torch.testing.assert_close(
            invert(Parts(), context).latent, expected.inversion.latent, rtol=0, atol=1e-11 * scale
        )
        torch.testing.assert_close(translate(Parts(), context).x, expected.x, rtol=0, atol=1e-9)
