"""Noise correction: the recorded noises lead a stochastic sampler back along the climb."""

from __future__ import annotations

from typing import Literal

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.ancestral import drift, split
from spectralkit.diffusion.schedule import Level, VPSchedule
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.parts import Encoded, Inversion, Parts
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_renoise import correct_noise, renoise

seeds = st.integers(0, 2**16)


def draw(seed: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(seed=seeds, sigma_up=st.floats(0.05, 1.0))
@settings(max_examples=20, deadline=None)
def test_the_exact_noise_leads_back(seed: int, sigma_up: float) -> None:
    x_t, x_next, noise = draw(seed), draw(seed + 1), draw(seed + 2)
    z = correct_noise(x_t, x_next, torch.tanh, sigma_up, noise, form="exact")
    torch.testing.assert_close(torch.tanh(x_next) + sigma_up * z, x_t, rtol=1e-12, atol=1e-12)


@given(seed=seeds, distance=st.floats(18.5, 100.0))
@settings(max_examples=20, deadline=None)
def test_a_nudge_moves_eighteen_units_straight_towards_it(seed: int, distance: float) -> None:
    noise, direction = draw(seed), draw(seed + 1)
    direction = direction / direction.flatten(1).norm(dim=1)[:, None, None, None]
    required = noise + distance * direction
    z = correct_noise(required, required, torch.zeros_like, 1.0, noise, form="nudge")
    torch.testing.assert_close(z, noise + 18.0 * direction, rtol=1e-9, atol=1e-9)


def test_a_nudge_follows_autograd_on_the_norm_near_the_goal_and_is_still_at_it() -> None:
    noise, required = draw(1), draw(1) + 0.1 * draw(2)
    rows = []
    for n, r in zip(noise, required, strict=True):
        for _ in range(10):
            point = n.clone().requires_grad_()
            n = n - 1.8 * torch.autograd.grad(torch.norm(point - r), point)[0]  # noqa: PLW2901
        rows.append(n)
    z = correct_noise(required, required, torch.zeros_like, 1.0, noise, form="nudge")
    torch.testing.assert_close(z, torch.stack(rows), rtol=1e-9, atol=1e-9)
    still = correct_noise(noise, noise, torch.zeros_like, 1.0, noise, form="nudge")
    assert torch.equal(still, noise)


@attrs.frozen
class RecordedSampler:
    """A stochastic sampler that uses recorded noises only; its last transition renews none."""

    eta: float
    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, dict[int, Tensor]]:
        return inversion.latent, inversion.memory["noises"]

    def __call__(
        self, probe: Probe, here: Level, there: Level, state: dict[int, Tensor]
    ) -> tuple[Tensor, dict[int, Tensor]]:
        share = split(here, there, self.eta if probe.index > 1 else 0.0)
        x = drift(probe.prediction, there, share.down)
        return (x + share.up * state[probe.index] if share.up else x), state


@given(seed=seeds, steps=st.integers(2, 9), eta=st.floats(0.1, 1.0), iterations=st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_exact_correction_retraces_the_climb_down_to_the_last_transition(
    seed: int, steps: int, eta: float, iterations: int
) -> None:
    parts = renoise(iterations=iterations, correction="exact", eta=eta) + Parts(sampler=RecordedSampler(eta))
    denoiser, x0 = random_denoiser(seed), source_batch(random_gaussian(seed), 0, 2, seed)
    context = context_for(denoiser, x0, steps, target=0)
    inversion = invert(parts, context, keep_trajectory=True)
    assert sorted(inversion.memory["noises"]) == list(range(2, steps + 1))
    assert parts.sampler is not None
    x, state = parts.sampler.init(inversion, context)
    for index in range(steps, 1, -1):
        probe = Probe(context, x, context.levels[index], index, context.target, 1.0)
        x, state = parts.sampler(probe, context.levels[index], context.levels[index - 1], state)
        torch.testing.assert_close(x, inversion.trajectory[index - 1], rtol=1e-9, atol=1e-9)


@attrs.frozen
class StartAt:
    """The images, taken as states of the level ``index``."""

    index: int

    def __call__(self, context: Context) -> Encoded:
        return Encoded(context.x0, self.index)


@pytest.mark.parametrize("correction", ["exact", "nudge"])
@pytest.mark.parametrize("index", [13, 30, 49])
def test_where_the_implicit_equation_is_solved_the_drawn_noise_needs_no_correction(
    index: int, correction: Literal["exact", "nudge"]
) -> None:
    """At a fixed point the sampler's own noise leads back, so that the required noise is the one drawn."""
    denoiser = random_gaussian(2)
    x0 = source_batch(denoiser, 0, 2, 2)
    context = attrs.evolve(context_for(denoiser, x0, 50), top=index + 1)
    parts = renoise(iterations=80, averaging="off", rounds=0, correction=correction, eta=0.3)
    z = invert(Parts(start=StartAt(index)) + parts, context).memory["noises"][index + 1]
    drawn = context.noise.normal(f"renoise/noise/{index + 1}", x0)
    # A nudge always moves, ten times by 1.8 and back again: even that ends where it began.
    assert (z - drawn).abs().max() < 1e-6


def test_a_level_listed_twice_renews_nothing() -> None:
    denoiser, schedule = random_denoiser(3), VPSchedule(offset=0)
    context = context_for(denoiser, source_batch(random_gaussian(3), 0, 2, 3), 5, schedule=schedule)
    levels = (context.levels[0], context.levels[2], *context.levels[2:])
    twice = attrs.evolve(context, levels=levels)
    assert sorted(invert(renoise(correction="exact"), twice).memory["noises"]) == [3, 4, 5]


def test_correction_costs_one_forward_a_step() -> None:
    denoiser, x0 = random_denoiser(4), source_batch(random_gaussian(4), 0, 2, 4)
    parts = renoise(iterations=2, rounds=0, correction="nudge") + Parts(sampler=RecordedSampler(1.0))
    context = context_for(denoiser, x0, 6)
    translation = translate(parts, context)
    assert translation.inversion.cost.forwards == 6 * 3 + 5
    assert context.meter.cost.forwards == 6 * 3 + 5 + 6


def test_the_ancestral_sampler_uses_the_recorded_noises() -> None:
    ancestral = pytest.importorskip("spectralkit_methods_ancestral").ancestral
    denoiser, x0 = random_denoiser(5), source_batch(random_gaussian(5), 0, 2, 5)
    inverted = renoise(correction="nudge", eta=0.7)
    results = [
        translate(inverted + sampler, context_for(denoiser, x0, 6)).x
        for sampler in (Parts(sampler=RecordedSampler(0.7)), ancestral(eta=0.7))
    ]
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-12)
