"""Direct inversion: what each variant does to the image, and that the stored branch retraces the trajectory."""

from __future__ import annotations

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.parts import Inversion, Parts, State
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_direct import Branch, DirectSampler, direct

SEEDS = st.integers(0, 2**16)
GUIDANCE = st.sampled_from([0.0, 1.0, 3.0, 7.5])
STEPS = 6
both_models = pytest.mark.parametrize("network", [False, True])


@attrs.frozen
class AddTargetSampler:
    """The ablation that no user can reach: the target class's own offset."""

    needs_trajectory: bool = attrs.field(default=True, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        return inversion.latent, Branch(inversion.states(context), inversion.latent)

    def __call__(self, probe: Probe, here: Level, there: Level, state: Branch) -> tuple[Tensor, State]:
        o, branch = state.step(probe, there, probe.context.target)
        return move(probe.prediction, there) + o, branch


def problem(
    seed: int, network: bool = False, guidance: float = 3.0, target: int = 1, depth: float | None = None
) -> Context:
    gaussian = random_gaussian(seed)
    denoiser = random_denoiser(seed) if network else gaussian
    x0 = source_batch(gaussian, 0, 3, seed)
    parts = Parts(depth=depth)
    return context_for(denoiser, x0, STEPS, parts=parts, target=target, sampling_guidance=guidance)


@both_models
@given(seed=SEEDS, guidance=GUIDANCE)
@settings(max_examples=10, deadline=None)
def test_source_only_leaves_the_image_to_standard_sampling(network: bool, seed: int, guidance: float) -> None:
    context = problem(seed, network, guidance)
    assert torch.equal(translate(direct(), context).x, translate(Parts(), context).x)


@both_models
@given(seed=SEEDS, guidance=GUIDANCE)
@settings(max_examples=10, deadline=None)
def test_the_source_branch_retraces_the_trajectory_to_round_off(network: bool, seed: int, guidance: float) -> None:
    context = problem(seed, network, guidance)
    inversion = invert(direct(), context)
    sampler = DirectSampler("source_only")
    with torch.no_grad():
        x, state = sampler.init(inversion, context)
        assert isinstance(state, Branch)
        for index in range(STEPS, 0, -1):
            here, there = context.levels[index], context.levels[index - 1]
            before = state.x
            x, state = sampler(Probe(context, x, here, index, context.target, guidance), here, there, state)
            torch.testing.assert_close(state.x, inversion.trajectory[index - 1], rtol=1e-12, atol=1e-12)
            step = move(context.denoiser(before, here, context.source, guidance), there)
            recorded = context.meter.records["direct/offset"][-1]
            torch.testing.assert_close((state.x - step).flatten(1).norm(dim=1), recorded, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(state.x, context.x0, rtol=1e-12, atol=1e-12)


@both_models
@given(seed=SEEDS, guidance=GUIDANCE, target=st.sampled_from([0, 1]))
@settings(max_examples=10, deadline=None)
def test_add_target_reproduces_the_source_whatever_the_target(
    network: bool, seed: int, guidance: float, target: int
) -> None:
    context = problem(seed, network, guidance, target)
    torch.testing.assert_close(translate(Parts(sampler=AddTargetSampler()), context).x, context.x0, rtol=0, atol=1e-9)


@both_models
@given(seed=SEEDS, guidance=GUIDANCE)
@settings(max_examples=10, deadline=None)
def test_add_source_reproduces_the_source_under_the_source(network: bool, seed: int, guidance: float) -> None:
    context = problem(seed, network, guidance, target=0)
    torch.testing.assert_close(translate(direct("add_source"), context).x, context.x0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_guidance_cannot_part_a_target_from_the_source_that_it_is(seed: int) -> None:
    """Over 50 steps at w = 7.5 guidance amplifies round-off by many orders; in both branches alike."""
    gaussian = random_gaussian(seed)
    x0 = source_batch(gaussian, 0, 2, seed).float()
    context = context_for(random_denoiser(seed), x0, 50, target=0, sampling_guidance=7.5)
    found = translate(direct("add_source"), context).x
    torch.testing.assert_close(found, x0, rtol=0, atol=1e-4)


@both_models
@given(seed=SEEDS, guidance=GUIDANCE)
@settings(max_examples=10, deadline=None)
def test_add_source_is_the_published_ablation(network: bool, seed: int, guidance: float) -> None:
    """One sample at a time; the offsets along the source branch first, then the target branch."""
    context = problem(seed, network, guidance)
    inversion = invert(Parts(), context, keep_trajectory=True)
    levels = context.levels

    def ddim(x: Tensor, k: int, condition: Condition) -> Tensor:
        e_null = context.denoiser(x, levels[k], Condition(condition.null, condition.null)).eps
        eps = e_null + guidance * (context.denoiser(x, levels[k], condition).eps - e_null)
        return levels[k - 1].alpha / levels[k].alpha * (x - levels[k].sigma * eps) + levels[k - 1].sigma * eps

    rows = []
    for b in range(3):
        states = [x[b : b + 1] for x in inversion.trajectory]
        offsets = {k: states[k - 1] - ddim(states[k], k, context.source) for k in range(STEPS, 0, -1)}
        x = states[-1]
        for k in range(STEPS, 0, -1):
            x = ddim(x, k, context.target) + offsets[k]
        rows.append(x)
    found = sample(direct("add_source"), inversion, context).x
    torch.testing.assert_close(found, torch.cat(rows), rtol=1e-9, atol=1e-9)
    assert not torch.allclose(found, sample(direct(), inversion, context).x)


@both_models
@given(seed=SEEDS, variant=st.sampled_from(["source_only", "add_source"]))
@settings(max_examples=5, deadline=None)
def test_results_do_not_depend_on_the_batch(network: bool, seed: int, variant: str) -> None:
    parts = direct(variant)  # type: ignore[arg-type]
    context = problem(seed, network)
    whole = translate(parts, context).x
    for b in range(3):
        row = torch.tensor([b])
        alone = attrs.evolve(context, x0=context.x0[row], noise=context.noise.select(row), meter=Meter(1))
        torch.testing.assert_close(translate(parts, alone).x, whole[row], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("variant", ["source_only", "add_source"])
@pytest.mark.parametrize(("guidance", "rows"), [(1.0, 1), (3.0, 2)])
@pytest.mark.parametrize("depth", [None, 0.5])
def test_cost_is_two_branches_a_step(variant: str, guidance: float, rows: int, depth: float | None) -> None:
    context = problem(seed=0, guidance=guidance, depth=depth)
    cost = translate(direct(variant), context).meter.cost  # type: ignore[arg-type]
    assert (cost.forwards, cost.backwards) == (context.top + context.top * 2 * rows, 0)


@pytest.mark.parametrize("variant", ["add_target", "source-only", ""])
def test_bad_parameters_are_refused(variant: str) -> None:
    with pytest.raises(ConfigurationError, match="choose source_only or add_source"):
        direct(variant)  # type: ignore[arg-type]


def test_an_inversion_without_a_trajectory_is_refused() -> None:
    context = problem(seed=1)
    with pytest.raises(ConfigurationError, match="keep_trajectory=True"):
        sample(direct(), invert(Parts(), context), context)
