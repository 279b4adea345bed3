"""The driver and the transition against the closed form of Gaussian data."""

from __future__ import annotations

import math

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.diffusion.gaussian import GaussianDenoiser
from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.errors import NonFiniteError
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch

SCHEDULES = [VPSchedule(), KarrasSchedule(start_noise=0.0)]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=["vp", "karras"])
def test_inversion_converges_to_the_exact_flow_with_first_order(schedule: VPSchedule | KarrasSchedule) -> None:
    denoiser = random_gaussian(seed=1)
    x0 = source_batch(denoiser, 0, 4, seed=2)
    errors = []
    counts = (50, 100, 200, 500) if isinstance(schedule, VPSchedule) else (40, 80, 160, 320)
    for steps in counts:
        context = context_for(denoiser, x0, steps, schedule=schedule)
        here, there = context.levels[0], context.levels[-1]
        exact = denoiser.flow(x0, here, there, context.source)
        errors.append(float((invert(Parts(), context).latent - exact).norm() / exact.norm()))
    order = -math.log(errors[-1] / errors[0]) / math.log(counts[-1] / counts[0])
    assert 0.8 < order < 1.3, errors


@given(seed=st.integers(0, 2**16), steps=st.sampled_from([25, 50]))
@settings(max_examples=6)
def test_round_trip_error_falls_with_the_first_order(seed: int, steps: int) -> None:
    denoiser = random_gaussian(seed)
    x0 = source_batch(denoiser, 0, 2, seed)
    errors = []
    for n in (steps, 10 * steps):
        context = context_for(denoiser, x0, n, schedule=VPSchedule(), target=0)
        errors.append(float((translate(Parts(), context).x - x0).norm() / x0.norm()))
    # First order: ten times the steps, a tenth of the error; a factor of two is left to the higher orders.
    assert errors[1] < errors[0] / 5


def test_the_known_shortfall_at_fifty_steps() -> None:
    """Unit-variance data: 2.6 % (VP) and 5.0 % (EDM) of the norm are lost at N = 50, and vanish as N grows."""
    denoiser = GaussianDenoiser(torch.zeros(3, 1, 8, 8), torch.zeros(3, 1, 8, 8))
    x0 = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shortfalls = []
    for schedule in SCHEDULES:
        context = context_for(denoiser, x0, 50, schedule=schedule)
        exact = denoiser.flow(x0, context.levels[0], context.levels[-1], context.source)
        shortfalls.append(1 - float(invert(Parts(), context).latent.norm() / exact.norm()))
    assert shortfalls == pytest.approx([0.026, 0.050], abs=0.0015)


def test_cost_counts_forwards_and_guidance() -> None:
    denoiser = random_gaussian(seed=3)
    x0 = source_batch(denoiser, 0, 3, seed=3)
    context = context_for(denoiser, x0, 10, sampling_guidance=2.0)
    inversion = invert(Parts(), context)
    assert (inversion.cost.forwards, inversion.cost.backwards) == (10, 0)
    sample(Parts(), inversion, context)
    assert context.meter.cost.forwards == 10 + 2 * 10


def test_depth_climbs_a_fraction_and_trajectory_holds_every_state() -> None:
    denoiser = random_gaussian(seed=4)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, seed=4), 10, parts=Parts(depth=0.5))
    inversion = invert(Parts(depth=0.5), context, keep_trajectory=True)
    assert inversion.index == 5
    assert len(inversion.trajectory) == 6
    assert inversion.trajectory[-1] is inversion.latent


def test_a_non_finite_state_names_step_level_and_sample() -> None:
    denoiser = random_gaussian(seed=5)
    x0 = source_batch(denoiser, 0, 2, seed=5)
    x0[1, 0, 0, 0] = float("nan")
    with pytest.raises(NonFiniteError, match=r"inversion step 0 .* sigma=.* sample 's1'"):
        invert(Parts(), context_for(denoiser, x0, 10))


def test_results_do_not_depend_on_the_batch() -> None:
    denoiser = random_gaussian(seed=6)
    x0 = source_batch(denoiser, 0, 4, seed=6)
    context = context_for(denoiser, x0, 10, schedule=KarrasSchedule())
    whole = translate(Parts(), context).x
    alone = attrs.evolve(context, x0=x0[2:3], noise=context.noise.select(torch.tensor([2])))
    assert torch.equal(translate(Parts(), alone).x, whole[2:3])
