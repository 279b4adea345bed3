"""BDIA: exact both ways, and equal to a plain re-implementation."""

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
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.parts import Encoded, MoveStep, Parts
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_bdia import bdia

EXACT = 1e-8
"""Promised for float64 over 50 steps."""

seeds = st.integers(0, 2**16)


def images(seed: int, batch: int = 2) -> Tensor:
    return source_batch(random_gaussian(seed), 0, batch, seed)


def oracles(seed: int) -> list[Denoiser]:
    return [random_gaussian(seed), random_denoiser(seed)]


@pytest.mark.parametrize("which", [0, 1], ids=["gaussian", "network"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("steps", [49, 50])
def test_fifty_steps_are_exact(which: int, guidance: float, steps: int) -> None:
    x0 = images(1)
    weights = {"inversion_guidance": guidance, "sampling_guidance": guidance}
    context = context_for(oracles(1)[which], x0, steps, target=0, **weights)
    assert (translate(bdia(), context).x - x0).abs().max() < EXACT


@given(seed=seeds, steps=st.integers(1, 12), gamma=st.floats(0.8, 1.0), guidance=st.sampled_from([0.0, 1.0, 2.5]))
@settings(max_examples=25, deadline=None)
def test_the_round_trip_is_exact(seed: int, steps: int, gamma: float, guidance: float) -> None:
    x0 = images(seed)
    for denoiser in oracles(seed):
        context = context_for(denoiser, x0, steps, target=0, inversion_guidance=guidance, sampling_guidance=guidance)
        assert (translate(bdia(gamma=gamma), context).x - x0).abs().max() < EXACT


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
    assert (translate(bdia(), context).x - x0).abs().max() < EXACT


def naive(context: Context, x0: Tensor, gamma: float) -> tuple[Tensor, Tensor, Tensor]:
    """One sample at a time, in plain loops: both stored states and the translation."""
    levels, top = context.levels, context.top

    def ddim(z: Tensor, i: int, to: int, phase: str) -> Tensor:
        condition = context.source if phase == "invert" else context.target
        weight = context.inversion_guidance if phase == "invert" else context.sampling_guidance
        eps = context.denoiser(z[None], levels[i], condition, weight).eps[0]
        x0_hat = (z - levels[i].sigma * eps) / levels[i].alpha
        return levels[to].alpha * x0_hat + levels[to].sigma * eps

    results = []
    for image in x0:
        z = {0: image, 1: ddim(image, 0, 1, "invert")}
        for i in range(1, top):
            z[i + 1] = (z[i - 1] - ddim(z[i], i, i - 1, "invert")) / gamma + ddim(z[i], i, i + 1, "invert")
        w = {top: z[top], top - 1: z[top - 1]}
        for i in range(top - 1, 0, -1):
            w[i - 1] = gamma * (w[i + 1] - ddim(w[i], i, i + 1, "sample")) + ddim(w[i], i, i - 1, "sample")
        results.append((z[top], z[top - 1], w[0]))
    last, before, x = (torch.stack(column) for column in zip(*results, strict=True))
    return last, before, x


@given(seed=seeds, steps=st.integers(1, 9), gamma=st.floats(0.7, 1.0), strength=st.sampled_from([0.5, 0.8, 1.0]))
@settings(max_examples=20, deadline=None)
def test_it_equals_a_plain_implementation(seed: int, steps: int, gamma: float, strength: float) -> None:
    x0, parts = images(seed), bdia(gamma=gamma, strength=strength)
    for denoiser in oracles(seed):
        context = context_for(denoiser, x0, steps, parts=parts, sampling_guidance=2.0)
        last, before, x = naive(context, x0, gamma)
        result = translate(parts, context)
        torch.testing.assert_close(result.inversion.latent, last, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(result.inversion.memory.x, before, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(result.x, x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("guidance", "rows"), [(1.0, 1), (3.0, 2)])
def test_cost_is_one_forward_a_step_and_none_for_the_stored_state(guidance: float, rows: int) -> None:
    context = context_for(random_denoiser(4), images(4), 7, inversion_guidance=guidance, sampling_guidance=guidance)
    inversion = invert(bdia(), context)
    assert (inversion.cost.forwards, inversion.cost.backwards) == (7 * rows, 0)
    sample(bdia(), inversion, context)
    assert context.meter.cost.forwards == (7 + 6) * rows


def test_results_do_not_depend_on_the_batch() -> None:
    context = context_for(random_denoiser(5), images(5, batch=3), 6)
    alone = attrs.evolve(context, x0=context.x0[1:2], noise=context.noise.select(torch.tensor([1])))
    whole = translate(bdia(), context).x[1:2]
    # Convolutions of different batch sizes may sum in another order.
    torch.testing.assert_close(translate(bdia(), alone).x, whole, rtol=1e-12, atol=1e-12)


@attrs.frozen
class StartAtTheTop:
    """A start that leaves nothing to climb, as a prior sampler's."""

    def __call__(self, context: Context) -> Encoded:
        return Encoded(context.x0, context.top)


@attrs.frozen
class StartAt:
    """A start above the clean level, exact by construction."""

    index: int

    def __call__(self, context: Context) -> Encoded:
        return Encoded(context.x0, self.index)


def test_without_a_stored_pair_sampling_begins_with_ddim() -> None:
    parts, denoiser, x0 = Parts(start=StartAtTheTop()) + bdia(gamma=1.0), random_gaussian(6), images(6)
    context = context_for(denoiser, x0, 2)
    top, middle, clean = context.levels[2], context.levels[1], context.levels[0]

    def ddim(prediction: Prediction, sigma: float, alpha: float) -> Tensor:
        return alpha * prediction.x0 + sigma * prediction.eps

    z_1 = ddim(denoiser(x0, top, context.target), middle.sigma, middle.alpha)
    at_1 = denoiser(z_1, middle, context.target)
    z_0 = x0 - ddim(at_1, top.sigma, top.alpha) + ddim(at_1, clean.sigma, clean.alpha)
    torch.testing.assert_close(translate(parts, context).x, z_0, rtol=1e-12, atol=1e-12)


def test_from_any_start_sampling_retraces_the_climb_and_goes_on_below_it() -> None:
    parts, x0 = Parts(start=StartAt(2)) + bdia(), images(7)
    context = context_for(random_denoiser(7), x0, 6, target=0)
    inversion = invert(parts, context, keep_trajectory=True)
    assert parts.sampler is not None
    x, state = parts.sampler.init(inversion, context)
    for index in range(6, 0, -1):
        probe = Probe(context, x, context.levels[index], index, context.target, 1.0)
        x, state = parts.sampler(probe, context.levels[index], context.levels[index - 1], state)
        if index > 2:
            torch.testing.assert_close(x, inversion.trajectory[index - 3], rtol=1e-9, atol=1e-9)
    assert torch.equal(x, sample(parts, inversion, context).x)


def test_amplification_warns_beyond_1e4() -> None:
    denoiser, x0 = random_gaussian(6), images(6)
    with pytest.warns(RuntimeWarning, match=r"bdia amplifies errors by gamma\^-N = 10\^4\.2 over 14 steps"):
        invert(bdia(gamma=0.5), context_for(denoiser, x0, 14))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        invert(bdia(gamma=0.5), context_for(denoiser, x0, 13))
        invert(bdia(), context_for(denoiser, x0, 50))


def test_it_asks_for_double_precision_and_leaves_depth_free_at_full_strength() -> None:
    assert bdia().dtype is torch.float64
    assert bdia().depth is None
    assert bdia(strength=0.8).depth == 0.8


def test_the_next_label_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'current'"):
        invert(bdia(), context_for(random_denoiser(8), images(8), 5, label="next"))


@pytest.mark.parametrize(
    "options", [{"gamma": 0.0}, {"gamma": 1.1}, {"gamma": float("nan")}, {"strength": 0.0}, {"strength": 2.0}]
)
def test_impossible_values_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="of bdia must lie in"):
        bdia(**options)


def test_only_what_it_inverted_can_be_sampled() -> None:
    @attrs.frozen
    class Leaving(MoveStep):
        def init(self, encoded: Encoded, context: Context) -> Tensor:
            return encoded.x

    context = context_for(random_denoiser(4), images(4), 4)
    with pytest.raises(ConfigurationError, match="invert with bdia too"):
        sample(bdia(), invert(Parts(step=Leaving()), context), context)
