"""EDM: its laws, the published preconditioning written out, and agreement with the exact score."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.driver import invert
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registry import registry
from spectralkit.testing import conformance
from spectralkit.testing.oracle import OracleNetwork, context_for, random_gaussian, source_batch
from spectralkit.testing.strategies import normal, seeds, ve_levels

test_edm = conformance("parameterization", "edm")
test_raw_label = conformance("parameterization", "edm", label="raw", sigma_data=1.2)


def build(**parameters: object) -> Process:
    process = registry().build("parameterization", "edm", **parameters)
    assert isinstance(process, Process)
    return process


@given(level=ve_levels(), sd=st.floats(0.1, 2.0), seed=seeds())
def test_the_preconditioning_is_that_of_the_paper(level: object, sd: float, seed: int) -> None:
    """``D = c_skip x + c_out F(c_in x)``, ``eps = (x - D) / sigma`` (Karras et al. 2022, table 1)."""
    sigma = level.sigma  # type: ignore[attr-defined]
    parameterization = build(sigma_data=sd).parameterization
    x, output = normal(seed, 1, 1, 4, 4), normal(seed + 1, 1, 1, 4, 4)
    affine = parameterization.affine(1.0, sigma)
    denoised = sd**2 / (sigma**2 + sd**2) * x + sigma * sd / math.sqrt(sigma**2 + sd**2) * output
    torch.testing.assert_close(affine.p * x + affine.q * output, denoised, rtol=1e-12, atol=1e-12)
    # (x - D) / sigma cancels at small sigma; the closed form does not.
    found = affine.p_eps * x + affine.q_eps * output
    torch.testing.assert_close(found, (x - denoised) / sigma, rtol=0, atol=1e-14 / sigma + 1e-12)
    assert parameterization.input_scale(1.0, sigma) == pytest.approx(1 / math.sqrt(sigma**2 + sd**2))


def test_parameters_reach_schedule_and_parameterization() -> None:
    process = build(sigma_data=0.7, sigma_min=0.01, sigma_max=50.0, rho=5.0, label="raw", start_noise=0.1)
    assert process.parameterization == EDMParameterization(0.7)
    assert isinstance(process.schedule, KarrasSchedule)
    assert process.schedule.entry_noise == 0.1
    levels = process.schedule.levels(4)
    assert (levels[0].sigma, levels[-1].sigma) == (0.01, 50.0)
    assert all(level.label == level.sigma for level in levels)
    assert build().schedule.entry_noise == 0.002
    assert build().schedule.levels(4)[2].label == pytest.approx(math.log(build().schedule.levels(4)[2].sigma) / 4)
    with pytest.raises(ConfigurationError, match="label"):
        build(label="linear")


@given(seed=seeds())
@settings(max_examples=3)
def test_a_perfect_network_inverts_as_the_exact_score_does(seed: int) -> None:
    process, oracle = build(start_noise=0.0), random_gaussian(seed)
    x0 = source_batch(oracle, 0, 2, seed)
    network = OracleNetwork(oracle, process.parameterization, process.schedule.levels(20))
    denoiser = NetworkDenoiser(network, process.parameterization, torch.float64)
    latents = [invert(Parts(), context_for(d, x0, 20, schedule=process.schedule)).latent for d in (oracle, denoiser)]
    torch.testing.assert_close(latents[1], latents[0], rtol=0, atol=1e-10 * float(latents[0].abs().max()))


def test_the_entry_noise_has_its_scale() -> None:
    """A clean image enters at sigma_min: standard EDM inversion is stochastic by exactly that much."""
    oracle = random_gaussian(0)
    x0 = source_batch(oracle, 0, 2, 0)
    context = context_for(oracle, x0, 5, schedule=build(start_noise=0.25).schedule)
    entered = invert(Parts(), context, keep_trajectory=True).trajectory[0]
    torch.testing.assert_close((entered - x0) / 0.25, context.noise.normal("entry", x0), rtol=0, atol=1e-12)
