"""Heun's step: its order on Gaussian data, a naive re-implementation, and its ends."""

from __future__ import annotations

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.parameterization import EDMParameterization, EpsParameterization, VParameterization
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.parts import Encoded, Parts
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_heun import heun


@attrs.frozen
class Straight(KarrasSchedule):
    """``x_t = (1 - t) x_0 + t eps``: no noise at one end, no signal at the other."""

    entry_noise: float = attrs.field(default=0.0, init=False)

    def levels(self, steps: int) -> tuple[Level, ...]:
        return tuple(Level(label=i / steps, alpha=1 - i / steps, sigma=i / steps) for i in range(steps + 1))


SCHEDULES: list[tuple[Schedule, tuple[int, ...]]] = [
    (VPSchedule(), (50, 100, 200, 500)),
    (KarrasSchedule(start_noise=0.0), (40, 80, 160, 320)),
    (Straight(), (40, 80, 160, 320)),
]


@pytest.mark.parametrize("down", [False, True], ids=["inversion", "sampling"])
@pytest.mark.parametrize(("schedule", "counts"), SCHEDULES, ids=["vp", "karras", "straight"])
def test_the_order_is_two(schedule: Schedule, counts: tuple[int, ...], down: bool) -> None:
    denoiser = random_gaussian(seed=1)
    x0 = source_batch(denoiser, 0, 2, seed=2)
    errors = []
    for steps in counts:
        context = context_for(denoiser, x0, steps, schedule=schedule)
        clean, top = context.levels[0], context.levels[-1]
        exact = denoiser.flow(x0, clean, top, context.source)
        if down:
            start = attrs.evolve(invert(Parts(), context), latent=exact, memory=None)
            result, exact = sample(heun(), start, context).x, denoiser.flow(exact, top, clean, context.target)
        else:
            result = invert(heun(), context).latent
        errors.append(float((result - exact).norm() / exact.norm()))
    logs = torch.tensor(counts).double().log(), torch.tensor(errors).double().log()
    x, y = (values - values.mean() for values in logs)
    order = -float((x * y).sum() / x.square().sum())
    # Asymptotic order two; the coarsest grids are not asymptotic yet.
    assert 1.7 < order < 2.4, (order, errors)


def slope(context: Context, scaled: Tensor, level: Level, condition: Condition, guidance: float) -> Tensor:
    """d(x / alpha) / d(sigma / alpha) = (x / alpha - x0) / (sigma / alpha), from x0 alone."""
    x0 = context.denoiser(level.alpha * scaled, level, condition, guidance).x0
    return (scaled - x0) / (level.sigma / level.alpha)


def naive(context: Context, row: int) -> tuple[Tensor, Tensor]:
    """One sample up and down, Heun's method in x / alpha against sigma / alpha."""
    levels, n = context.levels, context.steps
    y = context.x0[row : row + 1] / levels[0].alpha
    path = [(i, i + 1, context.source, context.inversion_guidance) for i in range(n)]
    path += [(i, i - 1, context.target, context.sampling_guidance) for i in range(n, 0, -1)]
    states = []
    for i, j, condition, guidance in path:
        h = levels[j].sigma / levels[j].alpha - levels[i].sigma / levels[i].alpha
        first = slope(context, y, levels[i], condition, guidance)
        second = slope(context, y + h * first, levels[j], condition, guidance)
        y = y + h * (first + second) / 2
        states.append(levels[j].alpha * y)
    return states[n - 1], states[-1]


@given(
    seed=st.integers(0, 2**16),
    steps=st.integers(1, 8),
    guidance=st.sampled_from([1.0, 1.5]),
    kind=st.sampled_from(["eps", "v", "edm"]),
)
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_plain_loops_and_counts_its_cost(seed: int, steps: int, guidance: float, kind: str) -> None:
    parameterization = {"eps": EpsParameterization(), "v": VParameterization(), "edm": EDMParameterization()}[kind]
    schedule = KarrasSchedule(start_noise=0.0) if kind == "edm" else VPSchedule()
    x0 = source_batch(random_gaussian(seed), 0, 3, seed)
    denoiser = random_denoiser(seed, parameterization)
    context = context_for(denoiser, x0, steps, schedule=schedule, sampling_guidance=guidance)
    translation = translate(heun(), context)
    rows = 1 if guidance == 1 else 2
    assert translation.inversion.cost.forwards == 2 * steps
    assert context.meter.cost.forwards == 2 * steps + 2 * steps * rows
    for row in range(3):
        latent, x = naive(context, row)
        assert float((translation.inversion.latent[row : row + 1] - latent).norm() / latent.norm()) < 1e-9
        assert float((translation.x[row : row + 1] - x).norm() / x.norm()) < 1e-9


def test_only_the_transitions_without_a_slope_are_left_at_euler() -> None:
    denoiser = random_gaussian(seed=3)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, 3), 10, schedule=Straight())
    translation = translate(heun(), context)
    assert translation.inversion.cost.forwards == 2 * 10 - 2
    assert context.meter.cost.forwards == 2 * (2 * 10 - 2)
    assert torch.isfinite(translation.x).all()


def test_it_beats_the_first_order_at_equal_cost() -> None:
    denoiser = random_gaussian(seed=4)
    x0 = source_batch(denoiser, 0, 2, 4)
    errors = []
    for parts, steps in ((heun(), 50), (Parts(), 100)):
        context = context_for(denoiser, x0, steps, schedule=KarrasSchedule(start_noise=0.0), target=0)
        errors.append(float((translate(parts, context).x - x0).norm()))
        assert context.meter.cost.forwards == 200
    assert errors[0] < errors[1] / 3


def test_results_do_not_depend_on_the_batch() -> None:
    denoiser = random_gaussian(seed=6)
    context = context_for(denoiser, source_batch(denoiser, 0, 4, 6), 6, schedule=KarrasSchedule())
    alone = attrs.evolve(context, x0=context.x0[2:3], noise=context.noise.select(torch.tensor([2])))
    assert torch.equal(translate(heun(), alone).x, translate(heun(), context).x[2:3])


def test_memory_of_the_start_is_handed_on() -> None:
    @attrs.frozen
    class Remembering:
        def __call__(self, context: Context) -> Encoded:
            return Encoded(context.x0, 0, memory="kept")

    denoiser = random_gaussian(seed=7)
    context = context_for(denoiser, source_batch(denoiser, 0, 1, 7), 3)
    assert invert(heun() + Parts(start=Remembering()), context).memory == "kept"


def test_the_next_label_is_refused() -> None:
    """Both slopes told one level make the order one."""
    denoiser = random_gaussian(seed=8)
    with pytest.raises(ConfigurationError, match=r"heun averages the slopes .*'current'"):
        invert(heun(), context_for(denoiser, source_batch(denoiser, 0, 1, 8), 3, label="next"))
