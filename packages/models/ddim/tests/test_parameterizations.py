"""The three processes: their laws, and that they are the ones that diffusers' schedulers assume."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.parameterization import EpsParameterization, VParameterization, X0Parameterization
from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.driver import translate
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registry import registry
from spectralkit.testing import conformance
from spectralkit.testing.oracle import OracleNetwork, context_for, random_gaussian, source_batch
from spectralkit.testing.strategies import normal, seeds
from spectralkit.torchvision_fix import repair_torchvision

test_ddim = conformance("parameterization", "ddim")
test_ddim_x0 = conformance("parameterization", "ddim-x0")
test_ddim_v = conformance("parameterization", "ddim-v")
test_trailing = conformance("parameterization", "ddim", spacing="trailing")
test_linspace = conformance("parameterization", "ddim", spacing="linspace")
test_clean = conformance("parameterization", "ddim-v", final="clean", beta_schedule="linear")

MEANINGS = {
    "ddim": ("epsilon", EpsParameterization),
    "ddim-x0": ("sample", X0Parameterization),
    "ddim-v": ("v_prediction", VParameterization),
}


def build(name: str, **parameters: object) -> Process:
    process = registry().build("parameterization", name, **parameters)
    assert isinstance(process, Process)
    return process


def test_an_image_predicted_without_noise_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="divides by sigma"):
        build("ddim-x0", final="clean")


@pytest.mark.parametrize("name", MEANINGS)
@settings(max_examples=5)
@given(seed=seeds())
def test_a_step_is_the_step_of_diffusers(name: str, seed: int) -> None:
    """The whole way down a grid of 20 against diffusers' DDIM scheduler, told in its words what the output means."""
    repair_torchvision()
    from diffusers import DDIMScheduler

    process = build(name)
    theirs = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=MEANINGS[name][0],
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    theirs.set_timesteps(20)
    levels = process.schedule.levels(20)[::-1]
    x, output = normal(seed, 1, 1, 4, 4), normal(seed + 1, 1, 1, 4, 4)
    for here, there, t in zip(levels[:-1], levels[1:], theirs.timesteps, strict=True):
        affine = process.parameterization.affine(here.alpha, here.sigma)
        prediction = Prediction(affine.p * x + affine.q * output, affine.p_eps * x + affine.q_eps * output)
        assert int(t) == here.label
        expected = theirs.step(output, t, x).prev_sample
        # diffusers keeps its schedule in float32.
        torch.testing.assert_close(move(prediction, there), expected, rtol=1e-4, atol=1e-4)
        x = move(prediction, there)


def test_the_schedule_is_that_of_stable_diffusion_and_parameters_reach_it() -> None:
    for name, (_, parameterization) in MEANINGS.items():
        process = build(name)
        assert isinstance(process.parameterization, parameterization)
        assert [level.label for level in process.schedule.levels(50)] == [0, *range(1, 1000, 20)]
        changed = build(name, timesteps=100, beta_start=0.001, beta_end=0.02, spacing="linspace", offset=0)
        assert [level.label for level in changed.schedule.levels(3)] == [0, 0, 50, 99]
        assert changed.schedule.levels(3)[0].alpha == pytest.approx((1 - 0.001) ** 0.5)


@given(seed=seeds())
@settings(max_examples=3)
def test_with_an_exact_score_the_three_agree(seed: int) -> None:
    oracle = random_gaussian(seed)
    x0 = source_batch(oracle, 0, 2, seed)
    images = []
    for name in MEANINGS:
        process = build(name)
        network = OracleNetwork(oracle, process.parameterization, process.schedule.levels(20))
        denoiser = NetworkDenoiser(network, process.parameterization, torch.float64)
        images.append(translate(Parts(), context_for(denoiser, x0, 20, schedule=process.schedule)).x)
    torch.testing.assert_close(images[1], images[0], rtol=0, atol=1e-9)
    torch.testing.assert_close(images[2], images[0], rtol=0, atol=1e-9)
