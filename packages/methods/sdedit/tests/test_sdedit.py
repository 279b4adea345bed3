"""SDEdit against prior sampling, a naive re-implementation and its cost."""

from __future__ import annotations

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.parts import Encoded, Parts
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_sdedit import sdedit

SEEDS = st.integers(0, 2**16)


@given(seed=SEEDS, steps=st.integers(1, 8))
@settings(max_examples=15, deadline=None)
def test_at_strength_one_it_is_prior_sampling(seed: int, steps: int) -> None:
    """Where the last level holds no signal, the result is a sample of the target and owes nothing to the source."""
    denoiser = random_gaussian(seed)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, seed), steps, parts=sdedit(strength=1.0))
    levels = (*context.levels[:-1], Level(context.levels[-1].label, alpha=0.0, sigma=1.0))
    context = attrs.evolve(context, levels=levels)
    x = translate(sdedit(strength=1.0), context).x
    assert torch.equal(x, translate(sdedit(strength=1.0), attrs.evolve(context, x0=context.x0 + 5)).x)

    @attrs.frozen
    class Prior:
        def __call__(self, context: Context) -> Encoded:
            return Encoded(context.noise.normal("sdedit", context.x0), context.top)

    assert torch.allclose(x, translate(Parts(start=Prior()), context).x, rtol=0, atol=1e-12)


def naive(context: Context, row: int, start: int, repeats: int) -> Tensor:
    """One sample, plain loops, the formulas of the paper."""
    noise = context.noise.select(torch.tensor([row]))
    x = context.x0[row : row + 1]
    for k in range(repeats):
        n = (noise if k == 0 else noise.within(f"repetition {k}")).normal("sdedit", x)
        x = context.levels[start].alpha * x + context.levels[start].sigma * n
        for i in range(start, 0, -1):
            here, there = context.levels[i], context.levels[i - 1]
            eps = context.denoiser(x, here, context.target, context.sampling_guidance).eps
            x = there.alpha / here.alpha * (x - here.sigma * eps) + there.sigma * eps
    return x


@given(
    seed=SEEDS,
    steps=st.integers(2, 10),
    strength=st.sampled_from([0.1, 0.5, 0.8, 1.0]),
    repeats=st.integers(1, 3),
    guidance=st.sampled_from([1.0, 2.0]),
    schedule=st.sampled_from([VPSchedule(), KarrasSchedule()]),
)
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_plain_loops_and_counts_its_cost(  # noqa: PLR0917  (Hypothesis passes them by name)
    seed: int, steps: int, strength: float, repeats: int, guidance: float, schedule: Schedule
) -> None:
    denoiser = random_denoiser(seed, EDMParameterization() if isinstance(schedule, KarrasSchedule) else None)
    x0 = source_batch(random_gaussian(seed), 0, 3, seed)
    parts = sdedit(strength=strength, repeats=repeats)
    context = context_for(denoiser, x0, steps, parts=parts, schedule=schedule, sampling_guidance=guidance)
    translation = translate(parts, context)
    start = max(1, round(strength * steps))
    assert translation.inversion.cost.forwards == 0
    assert context.meter.cost.forwards == repeats * start * (1 if guidance == 1 else 2)
    assert (translation.inversion.index, translation.inversion.start_index) == (start, start)
    for row in range(3):
        expected = naive(context, row, start, repeats)
        error = float((translation.x[row : row + 1] - expected).norm() / expected.norm())
        assert error < 1e-9


def test_results_do_not_depend_on_the_batch() -> None:
    denoiser = random_gaussian(seed=2)
    parts = sdedit(repeats=2)
    context = context_for(denoiser, source_batch(denoiser, 0, 4, 2), 6, parts=parts)
    alone = attrs.evolve(context, x0=context.x0[2:3], noise=context.noise.select(torch.tensor([2])))
    assert torch.equal(translate(parts, alone).x, translate(parts, context).x[2:3])


def test_the_latent_is_the_noised_source() -> None:
    """x_t0 = alpha x0 + sigma n with n of unit variance, over 2 x 3 x 32 x 32 numbers."""
    denoiser = random_gaussian(seed=3, shape=(3, 32, 32))
    context = context_for(denoiser, source_batch(denoiser, 0, 2, 3), 50, parts=sdedit())
    inversion = invert(sdedit(), context)
    level = context.levels[25]
    n = (inversion.latent - level.alpha * context.x0) / level.sigma
    # 6144 numbers: the standard deviation of their mean is 0.013 and of their variance 0.018; five of each.
    assert abs(float(n.mean())) < 0.065
    assert abs(float(n.var()) - 1) < 0.09


def test_what_it_claims_and_what_it_refuses() -> None:
    for other in (Parts(depth=0.3), Parts(repeats=2), sdedit()):
        with pytest.raises(SlotConflict):
            sdedit() + other
    for strength in (0.0, -0.5, 1.5, float("nan")):
        with pytest.raises(ConfigurationError, match="strength of sdedit"):
            sdedit(strength=strength)
    with pytest.raises(ConfigurationError, match="repeats of sdedit"):
        sdedit(repeats=0)
