"""Null-class inversion against a plain one-sample-at-a-time implementation, and the laws it owes its users."""

from __future__ import annotations

import warnings

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.schedule import Schedule, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.parts import Parts
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_null_class import NullClassSampler, Pivot, null_class

SEEDS = st.integers(0, 2**16)
STEPS = 4


def cast(condition: Condition, dtype: torch.dtype) -> Condition:
    return Condition(condition.embedding.to(dtype), condition.null.to(dtype))


def problem(
    seed: int,
    network: bool = False,
    guidance: float = 3.0,
    *,
    target: int = 1,
    steps: int = STEPS,
    dtype: torch.dtype = torch.float64,
    schedule: Schedule | None = None,
    depth: float | None = None,
) -> Context:
    """Three samples; the conditions in float64, so that Adam's state is too."""
    gaussian = random_gaussian(seed)
    denoiser = random_denoiser(seed) if network else gaussian
    x0 = source_batch(gaussian, 0, 3, seed)
    context = context_for(
        denoiser,
        x0,
        steps,
        parts=Parts(depth=depth),
        target=target,
        sampling_guidance=guidance,
        schedule=schedule or VPSchedule(),
    )
    return attrs.evolve(context, source=cast(context.source, dtype), target=cast(context.target, dtype))


def naive(
    context: Context, trajectory: tuple[Tensor, ...], *, inner: int, rate: float, tolerance: float, growth: float
) -> tuple[Tensor, int]:
    """Every sample alone, in two passes: first all embeddings along the pivot, then the image under the target."""
    w, levels = context.sampling_guidance, context.levels

    def eps(x: Tensor, k: int, embedding: Tensor) -> Tensor:
        return context.denoiser(x, levels[k], Condition(embedding, embedding)).eps

    def ddim(x: Tensor, k: int, e: Tensor) -> Tensor:
        a = levels[k - 1].alpha / levels[k].alpha
        return a * x + (levels[k - 1].sigma - a * levels[k].sigma) * e

    images, updates = [], 0
    for b in range(context.x0.shape[0]):
        states = [x[b : b + 1] for x in trajectory]
        phi, phis, x = context.source.null.clone(), [], states[-1]
        for i, k in enumerate(range(len(states) - 1, 0, -1)):
            phi = phi.clone().requires_grad_()
            adam = torch.optim.Adam([phi], lr=rate * (1 - i / 100))
            e_c = eps(x, k, context.source.embedding)
            for _ in range(inner):
                e_null = eps(x, k, phi)
                loss = torch.nn.functional.mse_loss(ddim(x, k, e_null + w * (e_c - e_null)), states[k - 1])
                adam.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                adam.step()
                updates += 1
                if loss.item() < tolerance + growth * i:
                    break
            phi = phi.detach()
            phis.append(phi)
            e_null = eps(x, k, phi)
            x = ddim(x, k, e_null + w * (e_c - e_null))
        x = states[-1]
        for phi_i, k in zip(phis, range(len(states) - 1, 0, -1), strict=True):
            e_null = eps(x, k, phi_i)
            x = ddim(x, k, e_null + w * (eps(x, k, context.target.embedding) - e_null))
        images.append(x)
    return torch.cat(images), updates


def first_transition(parts: Parts, context: Context) -> tuple[Tensor, Pivot]:
    inversion = invert(parts, context)
    assert isinstance(parts.sampler, NullClassSampler)
    with torch.no_grad():
        x, state = parts.sampler.init(inversion, context)
        here, there = context.levels[inversion.index], context.levels[inversion.index - 1]
        probe = Probe(context, x, here, inversion.index, context.target, context.sampling_guidance)
        return parts.sampler(probe, here, there, state)


@pytest.mark.parametrize("network", [False, True])
@given(seed=SEEDS, guidance=st.sampled_from([1.5, 3.0, 7.5]), inner=st.integers(1, 4), stop=st.sampled_from([0.0, 0.3]))
@settings(max_examples=8, deadline=None)
def test_it_is_the_published_algorithm(network: bool, seed: int, guidance: float, inner: int, stop: float) -> None:
    context = problem(seed, network, guidance)
    inversion = invert(Parts(), context, keep_trajectory=True)
    # ``stop`` spreads the losses around the tolerance, so that samples leave the batch at different updates.
    with torch.no_grad():
        scale = float((inversion.trajectory[-2] - sample_once(context, inversion.trajectory[-1])).square().mean())
    tolerance, growth = stop * scale, stop * scale / 3
    with torch.enable_grad():
        expected, updates = naive(
            context, inversion.trajectory, inner=inner, rate=0.02, tolerance=tolerance, growth=growth
        )
    parts = null_class(inner, learning_rate=0.02, tolerance=tolerance, growth=growth)
    found = sample(parts, inversion, context).x
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    assert context.meter.backward_rows == updates
    assert int(torch.stack(context.meter.records["null-class/inner-steps"]).sum()) == updates


def sample_once(context: Context, x: Tensor) -> Tensor:
    """The first guided step without any optimisation."""
    prediction = context.denoiser(x, context.levels[-1], context.source, context.sampling_guidance)
    return context.levels[-2].alpha * prediction.x0 + context.levels[-2].sigma * prediction.eps


def test_finished_samples_leave_the_batch() -> None:
    context = problem(seed=0)
    plain = invert(Parts(), context, keep_trajectory=True)
    losses = (plain.trajectory[-2] - sample_once(context, plain.trajectory[-1])).square().flatten(1).mean(dim=1)
    tolerance = float(losses.sort().values[:2].mean())  # between the first and the second sample's loss
    context = problem(seed=0)
    first_transition(null_class(2, tolerance=tolerance), context)
    assert context.meter.backward_rows == 1 + 2 + 2
    assert sorted(context.meter.records["null-class/inner-steps"][0].tolist()) == [1, 2, 2]


@pytest.mark.parametrize("network", [False, True])
@given(seed=SEEDS)
@settings(max_examples=6, deadline=None)
def test_results_do_not_depend_on_the_batch(network: bool, seed: int) -> None:
    parts = null_class(4, tolerance=1e-3)
    context = problem(seed, network)
    whole = translate(parts, context).x
    for b in range(3):
        row = torch.tensor([b])
        alone = attrs.evolve(context, x0=context.x0[row], noise=context.noise.select(row), meter=Meter(1))
        torch.testing.assert_close(translate(parts, alone).x, whole[row], rtol=1e-9, atol=1e-9)


def test_conditions_may_differ_within_the_batch() -> None:
    context = problem(seed=7)
    rows = Condition(torch.eye(3).double()[[0, 1, 0]], context.source.null.expand(3, -1))
    mixed = translate(null_class(3), attrs.evolve(context, source=rows, meter=Meter(3))).x
    for b, index in enumerate((0, 1, 0)):
        one = Condition(torch.eye(3).double()[[index]], context.source.null)
        alike = translate(null_class(3), attrs.evolve(context, source=one, meter=Meter(3))).x
        torch.testing.assert_close(mixed[b], alike[b], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", [False, True])
@given(seed=SEEDS, guidance=st.floats(1.5, 7.5))
@settings(max_examples=10, deadline=None)
def test_each_inner_step_brings_the_pivot_closer(network: bool, seed: int, guidance: float) -> None:
    """A small enough rate descends, whatever the model: the claim that holds for every problem and every sample."""
    errors = []
    for inner in (1, 2, 4, 8):
        parts = null_class(inner, learning_rate=1e-4, tolerance=0, growth=0)
        _, state = first_transition(parts, problem(seed, network, guidance))
        errors.append((state.x - state.states[STEPS - 1]).square().flatten(1).mean(dim=1))
    assert (torch.stack(errors).diff(dim=0) < 0).all()


@pytest.mark.parametrize("guidance", [2.0, 7.5])
def test_guided_reconstruction_improves_with_every_inner_step(guidance: float) -> None:
    """With the published settings, over eight problems: the levels are optimised greedily, so single images may not."""
    means = []
    for inner in (0, 1, 2, 4, 10):
        parts = null_class(inner) if inner else Parts()
        errors = []
        for seed in range(8):
            context = problem(seed, guidance=guidance, target=0, steps=8)
            errors.append((translate(parts, context).x - context.x0).flatten(1).norm(dim=1).log())
        means.append(float(torch.cat(errors).mean()))
    assert means == sorted(means, reverse=True)
    assert means[-1] < means[0] - 0.5


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_under_the_source_the_image_is_the_pivot(seed: int) -> None:
    x, state = first_transition(null_class(3), problem(seed, target=0))
    torch.testing.assert_close(x, state.x, rtol=1e-12, atol=1e-12)


def test_guidance_one_warns_and_is_standard() -> None:
    context = problem(seed=1, guidance=1.0)
    with pytest.warns(UserWarning, match="no-op at sampling guidance 1"):
        found = translate(null_class(), context)
    assert found.meter.cost.forwards == 2 * STEPS
    assert found.meter.cost.backwards == 0
    assert torch.equal(found.x, translate(Parts(), problem(seed=1, guidance=1.0)).x)


@pytest.mark.parametrize("depth", [None, 0.5])
@pytest.mark.parametrize("inner", [1, 3, 10])
def test_cost_is_the_documented_one(inner: int, depth: float | None) -> None:
    """Per step: the conditional once, k updates of F + B, the pivot's advance, and the guided target branch."""
    context = problem(seed=2, depth=depth)
    n = context.top
    cost = translate(null_class(inner, tolerance=0, growth=0), context).meter.cost
    assert cost.forwards == n + n * (1 + inner + 1 + 2)
    assert cost.backwards == n * inner


def test_an_update_comes_before_its_test() -> None:
    context = problem(seed=3)
    assert translate(null_class(tolerance=1e9), context).meter.cost.backwards == STEPS


def test_the_tolerance_grows_with_every_level() -> None:
    """Zero at the noisiest level, boundless below it."""
    cost = translate(null_class(4, tolerance=0, growth=1e9), problem(seed=3)).meter.cost
    assert cost.backwards == 4 + (STEPS - 1)


def test_nothing_but_the_embedding_is_differentiated() -> None:
    context = problem(seed=4, network=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x, state = first_transition(null_class(2), context)
    assert not any(tensor.requires_grad for tensor in (x, state.x, state.phi, context.x0, context.source.null))


def test_half_precision_embeddings_are_optimised_in_single_precision() -> None:
    _, state = first_transition(null_class(2), problem(seed=5, dtype=torch.float16))
    assert state.phi.dtype == torch.float32
    assert torch.isfinite(state.phi).all()
    assert (state.phi != problem(seed=5).source.null).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inner_steps": 0}, "inner_steps"),
        ({"inner_steps": 2.5}, "inner_steps"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"tolerance": -1e-9}, "tolerance"),
        ({"growth": float("inf")}, "growth"),
        ({"horizon": 0}, "horizon"),
    ],
)
def test_bad_parameters_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        null_class(**arguments)  # type: ignore[arg-type]


def test_what_has_no_meaning_is_refused_with_its_reason() -> None:
    with pytest.raises(ConfigurationError, match="guidance above 1"):
        translate(null_class(), problem(seed=6, guidance=0.5))
    with pytest.raises(ConfigurationError, match="larger horizon"):
        translate(null_class(horizon=STEPS - 1), problem(seed=6))
    with pytest.raises(ConfigurationError, match="only labels"):
        translate(null_class(), problem(seed=6, dtype=torch.int64))
    context = problem(seed=6)
    with pytest.raises(ConfigurationError, match="no trajectory"):
        sample(null_class(), invert(Parts(), context), context)
