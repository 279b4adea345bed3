"""Rectified flow: its laws, agreement with the exact score and with diffusers, and which methods it admits."""

from __future__ import annotations

import warnings
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.flow import FlowSchedule
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registry import registry
from spectralkit.testing import conformance
from spectralkit.testing.oracle import OracleNetwork, context_for, random_denoiser, random_gaussian, source_batch
from spectralkit.testing.strategies import seeds
from spectralkit.torchvision_fix import repair_torchvision

test_flow = conformance("parameterization", "flow")
test_shifted = conformance("parameterization", "flow", shift=3.0, density="logit-normal")


def build(**parameters: object) -> Process:
    process = registry().build("parameterization", "flow", **parameters)
    assert isinstance(process, Process)
    return process


@given(shift=st.floats(0.001, 1000.0), steps=st.integers(1, 60))
def test_it_begins_with_the_image_and_ends_in_noise(shift: float, steps: int) -> None:
    levels = FlowSchedule(shift).levels(steps)
    assert (levels[0].alpha, levels[0].sigma, levels[0].label) == (1.0, 0.0, 0.0)
    # To the last bit: methods ask whether alpha is 0 before they divide by it.
    assert (levels[-1].alpha, levels[-1].sigma, levels[-1].label) == (0.0, 1.0, 1000.0)
    assert all(level.alpha + level.sigma == pytest.approx(1.0) for level in levels)


@given(seed=seeds())
@settings(max_examples=3)
def test_a_perfect_network_inverts_as_the_exact_score_does(seed: int) -> None:
    process, oracle = build(shift=2.0), random_gaussian(seed)
    x0 = source_batch(oracle, 0, 2, seed)
    network = OracleNetwork(oracle, process.parameterization, process.schedule.levels(20))
    denoiser = NetworkDenoiser(network, process.parameterization, torch.float64)
    latents = [invert(Parts(), context_for(d, x0, 20, schedule=process.schedule)).latent for d in (oracle, denoiser)]
    torch.testing.assert_close(latents[1], latents[0], rtol=0, atol=1e-10 * float(latents[0].abs().max()))


def test_inversion_converges_to_the_exact_flow_with_first_order() -> None:
    oracle, schedule = random_gaussian(1), FlowSchedule()
    x0 = source_batch(oracle, 0, 4, 2)
    errors = []
    for steps in (50, 100, 200):
        context = context_for(oracle, x0, steps, schedule=schedule)
        exact = oracle.flow(x0, context.levels[0], context.levels[-1], context.source)
        errors.append(float((invert(Parts(), context).latent - exact).norm() / exact.norm()))
    assert all(1.7 < coarse / fine < 2.3 for coarse, fine in pairwise(errors)), errors


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_sampling_is_that_of_diffusers(shift: float) -> None:
    """FlowMatchEulerDiscreteScheduler walks from its own first level; given ours, it takes the same steps."""
    repair_torchvision()
    from diffusers import FlowMatchEulerDiscreteScheduler

    process, steps = build(shift=shift), 20
    levels = process.schedule.levels(steps)
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000)
    scheduler.set_timesteps(sigmas=[level.sigma for level in reversed(levels[1:])])
    x = theirs = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    denoiser = random_denoiser(0, process.parameterization)
    condition = context_for(denoiser, x, 1).target
    for index, t in zip(range(steps, 0, -1), scheduler.timesteps, strict=True):
        prediction = denoiser(x.double(), levels[index], condition)
        velocity = (prediction.eps - prediction.x0).float()
        assert float(t) == pytest.approx(levels[index].label, rel=1e-6)
        theirs = scheduler.step(velocity, t, theirs).prev_sample
        x = move(prediction, levels[index - 1]).float()
    torch.testing.assert_close(theirs, x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [method.spec.name for method in registry().all("method") if not method.spec.trained])
def test_a_method_has_a_meaning_here_or_says_why_not(name: str) -> None:
    parts = registry().build("method", name)
    assert isinstance(parts, Parts)
    oracle = random_gaussian(3)
    context = context_for(
        oracle, source_batch(oracle, 0, 2, 3), 6, parts=parts, schedule=FlowSchedule(), sampling_guidance=2.0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "edict":
            with pytest.raises(ConfigurationError, match="divides by alpha"):
                translate(parts, context)
        else:
            assert torch.isfinite(translate(parts, context).x).all()


def test_a_logit_normal_density_favours_the_middle() -> None:
    middle = {}
    for density in ("uniform", "logit-normal"):
        t = FlowSchedule(density=density).draw(4000, torch.Generator().manual_seed(0)).sigma  # type: ignore[arg-type]
        middle[density] = float(((t > 0.25) & (t < 0.75)).double().mean())
    assert middle["uniform"] == pytest.approx(0.5, abs=0.03)
    assert middle["logit-normal"] == pytest.approx(0.728, abs=0.03)  # P(|n| < ln 3)


@pytest.mark.parametrize("options", [{"shift": 0.0}, {"shift": float("inf")}, {"timesteps": 0}, {"density": "normal"}])
def test_impossible_values_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        build(**options)
