"""EDICT: exact both ways, and equal to a plain re-implementation."""

from __future__ import annotations

import warnings

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.denoiser import Denoiser
from spectralkit.diffusion.parameterization import EDMParameterization, VParameterization, X0Parameterization
from spectralkit.diffusion.schedule import KarrasSchedule, Level, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_edict import edict

EXACT = 1e-8
"""Promised for float64 over 50 steps."""

seeds = st.integers(0, 2**16)


def images(seed: int, batch: int = 2) -> Tensor:
    return source_batch(random_gaussian(seed), 0, batch, seed)


def oracles(seed: int) -> list[Denoiser]:
    return [random_gaussian(seed), random_denoiser(seed)]


def test_only_what_it_inverted_can_be_sampled() -> None:
    context = context_for(random_denoiser(4), images(4), 4)
    with pytest.raises(ConfigurationError, match="invert with edict too"):
        sample(edict(), invert(Parts(), context), context)


def test_both_branches_are_returned() -> None:
    context = context_for(random_denoiser(4), images(4), 4, target=0)
    sampled = sample(edict(), invert(edict(), context), context)
    torch.testing.assert_close(sampled.state, context.x0, rtol=0, atol=1e-9)
    torch.testing.assert_close(sampled.x, context.x0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("which", [0, 1], ids=["gaussian", "network"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("steps", [49, 50])
def test_fifty_steps_are_exact(which: int, guidance: float, steps: int) -> None:
    x0 = images(1)
    weights = {"inversion_guidance": guidance, "sampling_guidance": guidance}
    context = context_for(oracles(1)[which], x0, steps, target=0, **weights)
    assert (translate(edict(), context).x - x0).abs().max() < EXACT


@given(seed=seeds, steps=st.integers(1, 12), p=st.floats(0.8, 1.0), guidance=st.sampled_from([0.0, 1.0, 2.5]))
@settings(max_examples=25, deadline=None)
def test_the_round_trip_is_exact(seed: int, steps: int, p: float, guidance: float) -> None:
    x0 = images(seed)
    for denoiser in oracles(seed):
        context = context_for(denoiser, x0, steps, target=0, inversion_guidance=guidance, sampling_guidance=guidance)
        assert (translate(edict(p=p), context).x - x0).abs().max() < EXACT


@pytest.mark.parametrize(
    ("parameterization", "schedule"),
    [
        (VParameterization(), VPSchedule()),
        (X0Parameterization(), VPSchedule()),
        (EDMParameterization(), KarrasSchedule(start_noise=0.0)),
    ],
)
def test_every_parameterization_is_exact(parameterization: VParameterization, schedule: VPSchedule) -> None:
    x0 = images(2)
    context = context_for(random_denoiser(2, parameterization), x0, 15, schedule=schedule, target=0)
    # Relative: the pair passes through sigma = 80 on the way.
    assert (translate(edict(), context).x - x0).abs().max() < EXACT


def test_a_duplicate_level_still_mixes_and_is_exact() -> None:
    x0, schedule = images(3), VPSchedule(offset=0)
    assert schedule.levels(10)[0] == schedule.levels(10)[1]
    context = context_for(random_denoiser(3), x0, 10, schedule=schedule, target=0)
    assert (translate(edict(), context).x - x0).abs().max() < EXACT


def naive(context: Context, x0: Tensor, p: float) -> tuple[Tensor, Tensor, Tensor]:
    """One sample at a time, in plain loops: both latents and the translation."""
    top, levels = context.top, context.levels

    def eps(x: Tensor, level: Level, phase: str) -> Tensor:
        condition = context.source if phase == "invert" else context.target
        weight = context.inversion_guidance if phase == "invert" else context.sampling_guidance
        return context.denoiser(x[None], level, condition, weight).eps[0]

    results = []
    for image in x0:
        pair = [image.clone(), image.clone()]
        for noisy in range(1, top + 1):
            t, s = levels[noisy], levels[noisy - 1]
            a = s.alpha / t.alpha
            b = s.sigma - s.alpha * t.sigma / t.alpha
            pair[1] = (pair[1] - (1 - p) * pair[0]) / p
            pair[0] = (pair[0] - (1 - p) * pair[1]) / p
            order = (1, 0) if (top - noisy) % 2 == 0 else (0, 1)
            for branch in order:
                pair[branch] = (pair[branch] - b * eps(pair[1 - branch], t, "invert")) / a
        latents = list(pair)
        for j, noisy in enumerate(range(top, 0, -1)):
            t, s = levels[noisy], levels[noisy - 1]
            a = s.alpha / t.alpha
            b = s.sigma - s.alpha * t.sigma / t.alpha
            order = (0, 1) if j % 2 == 0 else (1, 0)
            for branch in order:
                pair[branch] = a * pair[branch] + b * eps(pair[1 - branch], t, "sample")
            pair[0] = p * pair[0] + (1 - p) * pair[1]
            pair[1] = p * pair[1] + (1 - p) * pair[0]
        results.append((*latents, pair[0]))
    u, v, x = (torch.stack(column) for column in zip(*results, strict=True))
    return u, v, x


@given(seed=seeds, steps=st.integers(1, 9), p=st.floats(0.7, 1.0), strength=st.sampled_from([0.5, 0.8, 1.0]))
@settings(max_examples=20, deadline=None)
def test_it_equals_a_plain_implementation(seed: int, steps: int, p: float, strength: float) -> None:
    x0, parts = images(seed), edict(p=p, strength=strength)
    for denoiser in oracles(seed):
        context = context_for(denoiser, x0, steps, parts=parts, sampling_guidance=2.0)
        u, v, x = naive(context, x0, p)
        result = translate(parts, context)
        torch.testing.assert_close(result.inversion.latent, u, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(result.inversion.memory, v, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(result.x, x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("guidance", "rows"), [(1.0, 1), (3.0, 2)])
def test_cost_is_two_forwards_a_step_each_way(guidance: float, rows: int) -> None:
    context = context_for(random_denoiser(4), images(4), 7, inversion_guidance=guidance, sampling_guidance=guidance)
    inversion = invert(edict(), context)
    assert (inversion.cost.forwards, inversion.cost.backwards) == (2 * 7 * rows, 0)
    sample(edict(), inversion, context)
    assert context.meter.cost.forwards == 4 * 7 * rows


def test_results_do_not_depend_on_the_batch() -> None:
    context = context_for(random_denoiser(5), images(5, batch=3), 6)
    alone = attrs.evolve(context, x0=context.x0[1:2], noise=context.noise.select(torch.tensor([1])))
    whole = translate(edict(), context).x[1:2]
    # Convolutions of different batch sizes may sum in another order.
    torch.testing.assert_close(translate(edict(), alone).x, whole, rtol=1e-12, atol=1e-12)


def test_single_precision_warns_where_round_off_grows_too_far() -> None:
    denoiser, x0 = random_gaussian(6), images(6)
    with pytest.warns(RuntimeWarning, match=r"edict amplifies round-off by p\^\(-2 N\) = 10\^3\.2 over 50 steps"):
        invert(edict(), context_for(denoiser, x0.float(), 50))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        invert(edict(), context_for(denoiser, x0.float(), 20))
        invert(edict(), context_for(denoiser, x0, 50))


def test_it_asks_for_double_precision_and_leaves_depth_free_at_full_strength() -> None:
    assert edict().dtype is torch.float64
    assert edict().depth is None
    assert edict(strength=0.8).depth == 0.8


def test_a_level_without_signal_is_refused() -> None:
    context = context_for(random_denoiser(7), images(7), 5)
    blank = attrs.evolve(context, levels=(*context.levels[:-1], Level(999.0, 0.0, 1.0)))
    with pytest.raises(ConfigurationError, match="alpha"):
        invert(edict(), blank)
    invert(edict(), attrs.evolve(blank, top=4))


@pytest.mark.parametrize("options", [{"p": 0.0}, {"p": 1.1}, {"p": float("nan")}, {"strength": 0.0}, {"strength": 2.0}])
def test_impossible_values_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="of edict must lie in"):
        edict(**options)
