"""TABA: the level it jumps to, the statistics there, and what follows."""

from __future__ import annotations

import math
from fractions import Fraction

import attrs
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import EntryStart, Parts
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch, subset
from spectralkit.testing.strategies import schedules, seeds
from spectralkit_methods_taba import taba


def problem(seed: int, steps: int = 10, schedule: object = None, batch: int = 3) -> Context:
    denoiser = random_gaussian(seed)
    x0 = source_batch(denoiser, 0, batch, seed)
    return context_for(denoiser, x0, steps, schedule=schedule, seed=seed)  # type: ignore[arg-type]


def half_to_even(value: Fraction) -> int:
    """Rounding as a definition: the nearest integer, ties to the even one."""
    below = math.floor(value)
    rest = value - below
    if rest == Fraction(1, 2):
        return below if below % 2 == 0 else below + 1
    return below if rest < Fraction(1, 2) else below + 1


@given(steps=st.integers(1, 200), quarters=st.integers(1, 64))
@settings(max_examples=50)
def test_k_is_the_fraction_rounded_half_to_even_and_at_least_one(steps: int, quarters: int) -> None:
    fraction = Fraction(quarters, 64)  # exact in binary, so that ties are ties
    context = attrs.evolve(problem(0, 1), levels=VPSchedule().levels(steps), top=steps)
    start = taba(fraction=float(fraction)).start
    assert start is not None
    assert start(context).index == max(1, half_to_even(fraction * steps))


@pytest.mark.parametrize(
    ("fraction", "steps", "k"), [(0.04, 50, 2), (0.02, 50, 1), (0.05, 50, 2), (0.15, 50, 8), (0.04, 3, 1)]
)
def test_known_values_of_k(fraction: float, steps: int, k: int) -> None:
    """The published settings; 0.05 * 50 = 2.5 goes down and 0.15 * 50 = 7.5 goes up, both to even."""
    start = taba(fraction=fraction).start
    assert start is not None
    assert start(problem(0, steps)).index == k


@given(seed=seeds(), schedule=schedules(), steps=st.integers(2, 12), k=st.integers(1, 12))
@settings(max_examples=30)
def test_the_jump_is_formed_from_the_image(seed: int, schedule: object, steps: int, k: int) -> None:
    """``x_K - alpha_K x0`` is sigma_K times the same standard normal noise, whatever K is."""
    assume(k <= steps)
    context = problem(seed, steps, schedule)
    start = taba(steps=k).start
    assert start is not None
    encoded = start(context)
    level = context.levels[k]
    assert encoded.index == k
    noise = (encoded.x - level.alpha * context.x0) / level.sigma
    torch.testing.assert_close(noise, context.noise.normal("taba", context.x0), rtol=0, atol=1e-10 / level.sigma)


@pytest.mark.parametrize("schedule", [VPSchedule(), KarrasSchedule()], ids=["vp", "karras"])
def test_statistics_at_level_k(schedule: VPSchedule | KarrasSchedule) -> None:
    """The noise is standard normal: mean, variance, and no correlation with the image or between samples."""
    context = problem(11, 10, schedule, batch=400)
    start = taba(steps=3).start
    assert start is not None
    level = context.levels[3]
    noise = (start(context).x - level.alpha * context.x0) / level.sigma
    n = noise.numel()
    # Six standard errors.
    assert abs(float(noise.mean())) < 6 / n**0.5
    assert abs(float(noise.var()) - 1) < 6 * (2 / n) ** 0.5
    assert abs(float((noise * context.x0).mean())) < 6 * float(context.x0.square().mean().sqrt()) / n**0.5
    assert abs(float((noise[1:] * noise[:-1]).mean())) < 6 / n**0.5


@given(seed=seeds(), schedule=schedules(), ratio=st.floats(0.005, 5), steps=st.integers(2, 40))
@settings(max_examples=40)
def test_nsr_is_the_first_level_that_reaches_it(seed: int, schedule: object, ratio: float, steps: int) -> None:
    context = problem(seed, steps, schedule)
    start = taba(nsr=ratio).start
    assert start is not None
    if context.levels[-1].nsr < ratio:
        with pytest.raises(ConfigurationError, match="nsr"):
            start(context)
        return
    k = start(context).index
    assert context.levels[k].nsr >= ratio
    assert k == 1 or context.levels[k - 1].nsr < ratio


def test_the_published_noise_to_signal_ratio_names_the_same_level_on_any_grid() -> None:
    start = taba(nsr=0.14).start
    assert start is not None
    assert start(problem(0, 50)).index == 2


@given(seed=seeds(), k=st.integers(1, 9))
@settings(max_examples=15)
def test_after_the_jump_it_is_standard_inversion(seed: int, k: int) -> None:
    context = problem(seed)
    level = context.levels[k]
    x = level.alpha * context.x0 + level.sigma * context.noise.normal("taba", context.x0)
    for here, there in zip(context.levels[k:], context.levels[k + 1 :], strict=False):
        prediction = context.denoiser(x, here, context.source)
        x = there.alpha * prediction.x0 + there.sigma * prediction.eps
    found = invert(taba(steps=k), problem(seed))
    torch.testing.assert_close(found.latent, x, rtol=0, atol=1e-12)
    assert (found.start_index, found.cost.forwards) == (k, 10 - k)


def distinct(a: Tensor, b: Tensor) -> bool:
    return not torch.allclose(a, b)


def test_the_seed_decides_and_the_batch_does_not() -> None:
    context = problem(5)
    whole = translate(taba(), context).x
    assert torch.equal(whole, translate(taba(), context).x)
    assert distinct(whole, translate(taba(), attrs.evolve(context, noise=Noise(99, context.noise.ids))).x)
    rows = [2, 0]
    torch.testing.assert_close(translate(taba(), subset(context, rows)).x, whole[rows], rtol=0, atol=1e-12)


def test_it_replaces_every_step_at_most() -> None:
    found = invert(taba(fraction=1.0), problem(5))
    assert (found.start_index, found.index, found.cost.forwards) == (10, 10, 0)
    with pytest.raises(ConfigurationError, match="would replace 11 steps, but the inversion has 10"):
        invert(taba(steps=11), problem(5))
    shallow = Parts(depth=0.5) + taba(steps=6)
    with pytest.raises(ConfigurationError, match="has 5"):
        invert(shallow, attrs.evolve(problem(5), top=5))


def test_it_claims_the_start() -> None:
    with pytest.raises(SlotConflict, match="start"):
        taba() + Parts(start=EntryStart())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"steps": 0}, "steps"),
        ({"fraction": 0.0}, "fraction"),
        ({"fraction": 1.5}, "fraction"),
        ({"fraction": float("nan")}, "fraction"),
        ({"nsr": 0.0}, "nsr"),
        ({"nsr": float("nan")}, "nsr"),
        ({"steps": 2, "nsr": 0.1}, "not both"),
    ],
)
def test_impossible_parameters_are_refused(arguments: dict[str, float], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        taba(**arguments)  # type: ignore[arg-type]
