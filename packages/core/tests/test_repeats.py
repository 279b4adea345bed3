"""Repeated translation: each repetition takes the output of the last, and has noises of its own."""

from __future__ import annotations

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.diffusion.schedule import KarrasSchedule
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.driver import translate
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch

LIKE = torch.empty(2, 1, 2, 2, dtype=torch.float64)


@given(seed=st.integers(0, 2**16), repeats=st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_repeats_feed_the_output_back_with_new_noises(seed: int, repeats: int) -> None:
    denoiser = random_gaussian(seed)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, seed), 4, schedule=KarrasSchedule(start_noise=0.5))
    translation = translate(Parts(repeats=repeats), context)
    assert context.meter.cost.forwards == repeats * 8
    assert translation.inversion.cost.forwards == 4
    x = context.x0
    for repetition in range(repeats):
        noise = context.noise.within(f"repetition {repetition}") if repetition else context.noise
        x = translate(Parts(), attrs.evolve(context, x0=x, noise=noise)).x
    assert torch.equal(translation.x, x)


def test_repeats_is_a_slot() -> None:
    assert (Parts(repeats=2) + Parts()).repeats == (Parts() + Parts(repeats=2)).repeats == 2
    with pytest.raises(SlotConflict, match="'repeats'"):
        Parts(repeats=2) + Parts(repeats=2)
    with pytest.raises(ConfigurationError, match="at least 1, got 0"):
        Parts(repeats=0)


def test_scopes_are_independent_and_survive_selection() -> None:
    noise = Noise(3, ("a", "b"))
    draws = [noise, noise.within("1"), noise.within("2"), noise.within("1").within("2")]
    assert len({float(draw.normal("n", LIKE)[0, 0, 0, 0]) for draw in draws}) == len(draws)
    alone = noise.within("1").select(torch.tensor([1]))
    assert torch.equal(alone.normal("n", LIKE[:1])[0], noise.within("1").normal("n", LIKE)[1])
