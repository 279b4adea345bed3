"""The states that retracing samplers follow, one per level."""

from __future__ import annotations

import attrs
import pytest
import torch

from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert
from spectralkit.inversion.parts import Encoded, Parts
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch


@attrs.frozen
class NoisedStart:
    """Forward noising to one level."""

    index: int

    def __call__(self, context: Context) -> Encoded:
        level = context.levels[self.index]
        return Encoded(level.alpha * context.x0 + level.sigma * context.noise.normal("start", context.x0), self.index)


@pytest.mark.parametrize("schedule", [VPSchedule(), KarrasSchedule()], ids=["vp", "karras"])
@pytest.mark.parametrize("start", [1, 3, 8])
def test_below_a_noised_start_the_states_hold_its_noise(schedule: VPSchedule | KarrasSchedule, start: int) -> None:
    denoiser = random_gaussian(seed=1)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, seed=1), 8, schedule=schedule)
    inversion = invert(Parts(start=NoisedStart(start)), context, keep_trajectory=True)
    states = inversion.states(context)
    assert len(states) == 9
    noise = context.noise.normal("start", context.x0)
    for level, state in zip(context.levels[:start], states[:start], strict=True):
        torch.testing.assert_close(state, level.alpha * context.x0 + level.sigma * noise, rtol=1e-9, atol=1e-9)
    assert all(a is b for a, b in zip(states[start:], inversion.trajectory, strict=True))


def test_a_climb_from_the_image_is_its_own_trajectory() -> None:
    denoiser = random_gaussian(seed=2)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, seed=2), 5)
    inversion = invert(Parts(), context, keep_trajectory=True)
    assert all(a is b for a, b in zip(inversion.states(context), inversion.trajectory, strict=True))
