"""Negative-prompt inversion: its identities, and a plain one-sample-at-a-time implementation."""

from __future__ import annotations

import math

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.diffusion.denoiser import Condition
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_negative_prompt import negative_prompt, slerp

SEEDS = st.integers(0, 2**16)
both_models = pytest.mark.parametrize("network", [False, True])


def problem(seed: int, network: bool = False, guidance: float = 3.0, target: int = 1, steps: int = 6) -> Context:
    gaussian = random_gaussian(seed)
    denoiser = random_denoiser(seed) if network else gaussian
    x0 = source_batch(gaussian, 0, 3, seed)
    return context_for(denoiser, x0, steps, target=target, sampling_guidance=guidance)


@both_models
@given(seed=SEEDS, ratio=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_at_guidance_one_it_is_standard(network: bool, seed: int, ratio: float) -> None:
    context = problem(seed, network, guidance=1.0)
    assert torch.equal(translate(negative_prompt(ratio), context).x, translate(Parts(), context).x)


@both_models
@given(seed=SEEDS, guidance=st.floats(1.5, 10))
@settings(max_examples=10, deadline=None)
def test_under_the_source_guidance_cancels(network: bool, seed: int, guidance: float) -> None:
    """The reconstruction is that of unguided standard inversion, whose error is the inversion's alone."""
    found = translate(negative_prompt(), problem(seed, network, guidance, target=0)).x
    expected = translate(Parts(), problem(seed, network, guidance=1.0, target=0)).x
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_the_error_left_under_the_source_vanishes_with_the_steps(seed: int) -> None:
    errors = []
    for steps in (25, 250):
        context = problem(seed, guidance=7.5, target=0, steps=steps)
        errors.append(float((translate(negative_prompt(), context).x - context.x0).norm()))
    # First order: a tenth of the error, with a factor of two left to the higher orders.
    assert errors[1] < errors[0] / 5


@both_models
@given(seed=SEEDS, guidance=st.floats(0, 10))
@settings(max_examples=10, deadline=None)
def test_at_ratio_one_it_is_standard(network: bool, seed: int, guidance: float) -> None:
    context = problem(seed, network, guidance)
    expected = translate(Parts(), context).x
    # The embeddings are float32, and so is the interpolation's round-off, which guidance amplifies.
    scale = float(expected.abs().max())
    torch.testing.assert_close(translate(negative_prompt(1.0), context).x, expected, rtol=0, atol=1e-4 * scale)


@both_models
@given(seed=SEEDS, guidance=st.sampled_from([0.5, 3.0, 7.5]), ratio=st.sampled_from([0.0, 0.3]))
@settings(max_examples=10, deadline=None)
def test_it_is_the_published_algorithm(network: bool, seed: int, guidance: float, ratio: float) -> None:
    context = problem(seed, network, guidance)
    inversion = invert(Parts(), context)
    # One-hot rows are at right angles, where spherical interpolation weighs by cosine and sine.
    weights = torch.tensor([math.cos(ratio * math.pi / 2), math.sin(ratio * math.pi / 2)])
    negative = weights[0] * context.source.embedding + weights[1] * context.source.null
    rows = []
    for b in range(3):
        x = inversion.latent[b : b + 1]
        for here, there in zip(context.levels[:0:-1], context.levels[-2::-1], strict=True):
            e_negative = context.denoiser(x, here, Condition(negative, negative)).eps
            e_target = context.denoiser(x, here, Condition(context.target.embedding, negative)).eps
            eps = e_negative + guidance * (e_target - e_negative)
            x = there.alpha / here.alpha * (x - here.sigma * eps) + there.sigma * eps
        rows.append(x)
    found = sample(negative_prompt(ratio), inversion, context).x
    # A float32 interpolation, formed in another order, moves the embedding by 1e-7.
    tolerance = 1e-9 if ratio == 0 else 1e-4 * float(found.abs().max())
    torch.testing.assert_close(found, torch.cat(rows), rtol=1e-9, atol=tolerance)


@both_models
@given(seed=SEEDS, ratio=st.sampled_from([0.0, 0.5]))
@settings(max_examples=5, deadline=None)
def test_results_do_not_depend_on_the_batch(network: bool, seed: int, ratio: float) -> None:
    context = problem(seed, network)
    whole = translate(negative_prompt(ratio), context).x
    for b in range(3):
        row = torch.tensor([b])
        alone = attrs.evolve(context, x0=context.x0[row], noise=context.noise.select(row), meter=Meter(1))
        torch.testing.assert_close(translate(negative_prompt(ratio), alone).x, whole[row], rtol=1e-9, atol=1e-9)


def test_cost_is_the_documented_one() -> None:
    assert translate(negative_prompt(), problem(seed=0, steps=7)).meter.cost.forwards == 7 + 2 * 7
    unguided = translate(negative_prompt(), problem(seed=0, steps=7, guidance=1.0))
    assert (unguided.meter.cost.forwards, unguided.meter.cost.backwards) == (7 + 7, 0)


@given(seed=SEEDS, ratio=st.floats(0, 1), shape=st.sampled_from([(5,), (2, 7), (1, 3, 4)]))
@settings(max_examples=40, deadline=None)
def test_slerp_keeps_unit_length_and_divides_the_angle(seed: int, ratio: float, shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 3, *shape, generator=generator, dtype=torch.float64).flatten(2)
    a, b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    between = slerp(a.view(3, *shape), b.view(3, *shape), ratio).flatten(1)
    angle = (a * b).sum(dim=1).arccos()
    # The cosine of a small angle loses half of the digits.
    torch.testing.assert_close(between.norm(dim=1), torch.ones(3).double(), rtol=1e-7, atol=0)
    torch.testing.assert_close((a * between).sum(dim=1), (ratio * angle).cos(), rtol=0, atol=1e-7)
    torch.testing.assert_close((b * between).sum(dim=1), ((1 - ratio) * angle).cos(), rtol=0, atol=1e-7)


@pytest.mark.parametrize("other", [1.0, 1.0 + 1e-9, -1.0, 0.0])
def test_slerp_is_finite_where_the_circle_is_not_defined(other: float) -> None:
    a = torch.tensor([[3.0, 4.0]])
    torch.testing.assert_close(slerp(a, other * a, 0.0), a)
    torch.testing.assert_close(slerp(a, other * a, 1.0), other * a, atol=1e-6, rtol=1e-6)
    assert torch.isfinite(slerp(a, other * a, 0.25)).all()


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_bad_parameters_are_refused(ratio: float) -> None:
    with pytest.raises(ConfigurationError, match="ratio"):
        negative_prompt(ratio)


def test_between_labels_there_is_nothing() -> None:
    labels = Condition(torch.tensor([0]), torch.tensor([2]))
    context = attrs.evolve(problem(0), source=labels, target=labels)
    inversion = invert(Parts(), problem(0))
    with pytest.raises(ConfigurationError, match="this model has only labels; use ratio=0"):
        sample(negative_prompt(0.5), inversion, context)
