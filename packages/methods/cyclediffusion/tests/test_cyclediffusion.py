"""CycleDiffusion: reconstruction, a naive re-implementation of encoder and decoder, cost and precision."""

from __future__ import annotations

import math

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.parts import MoveSampler, MoveStep, Parts, Sampler, State
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_cyclediffusion import cyclediffusion

SEEDS = st.integers(0, 2**16)
SCHEDULES = st.sampled_from([VPSchedule(), KarrasSchedule()])


def network_context(seed: int, steps: int, schedule: Schedule, parts: Parts, target: int = 1) -> Context:
    denoiser = random_denoiser(seed, EDMParameterization() if isinstance(schedule, KarrasSchedule) else None)
    x0 = source_batch(random_gaussian(seed), 0, 3, seed)
    return context_for(denoiser, x0, steps, parts=parts, schedule=schedule, target=target)


def coefficients(here: Level, there: Level, eta: float, schedule: Schedule) -> tuple[float, float]:
    """Scales of the drawn and of the predicted noise, as each family of processes writes them."""
    if isinstance(schedule, KarrasSchedule):
        s = eta * there.sigma * math.sqrt(1 - there.sigma**2 / here.sigma**2)
        return s, math.sqrt(there.sigma**2 - s**2)
    abar, cleaner = here.alpha**2, there.alpha**2
    s = eta * math.sqrt((1 - cleaner) / (1 - abar)) * math.sqrt(1 - abar / cleaner)
    return s, math.sqrt(1 - cleaner - s**2)


def encode(context: Context, row: int, eta: float) -> tuple[list[Tensor], dict[int, Tensor]]:
    """One sample: the states from the noisiest level to level 1, and the noises between them."""
    noise, x0 = context.noise.select(torch.tensor([row])), context.x0[row : row + 1]
    top = context.levels[context.top]
    states = [top.alpha * x0 + top.sigma * noise.normal("cyclediffusion/start", x0)]
    noises = {}
    for i in range(context.top, 1, -1):
        here, there, x = context.levels[i], context.levels[i - 1], states[-1]
        s, direction = coefficients(here, there, eta, context.schedule)
        posterior_eps = (x - here.alpha * x0) / here.sigma
        n = noise.normal(f"cyclediffusion/{i}", x0)
        reached = there.alpha * x0 + direction * posterior_eps + s * n
        prediction = context.denoiser(x, here, context.source, context.inversion_guidance)
        noises[i] = (reached - there.alpha * prediction.x0 - direction * prediction.eps) / s
        states.append(reached)
    return states, noises


def decode(context: Context, x: Tensor, noises: dict[int, Tensor], eta: float) -> Tensor:
    for i in range(context.top, 0, -1):
        here, there = context.levels[i], context.levels[i - 1]
        prediction = context.denoiser(x, here, context.target, context.sampling_guidance)
        s, direction = coefficients(here, there, eta, context.schedule) if i > 1 else (0.0, there.sigma)
        x = there.alpha * prediction.x0 + direction * prediction.eps
        x = x + s * noises[i] if i > 1 else x
    return x


@given(
    seed=SEEDS,
    steps=st.integers(1, 10),
    eta=st.floats(0.05, 1.0),
    skip=st.sampled_from([0.0, 0.2, 0.5]),
    schedule=SCHEDULES,
)
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_plain_loops(seed: int, steps: int, eta: float, skip: float, schedule: Schedule) -> None:
    parts = cyclediffusion(eta, skip)
    context = network_context(seed, steps, schedule, parts)
    translation = translate(parts, context)
    recorded = translation.inversion.memory["noises"]
    assert set(recorded) == set(range(2, context.top + 1))
    for row in range(3):
        states, noises = encode(context, row, eta)
        assert torch.equal(translation.inversion.latent[row : row + 1], states[0])
        for i, z in noises.items():
            assert float((recorded[i][row : row + 1] - z).norm() / z.norm()) < 1e-9
        expected = decode(context, states[0], noises, eta)
        assert float((translation.x[row : row + 1] - expected).norm() / expected.norm()) < 1e-9


@attrs.frozen
class Recording:
    """A sampler that keeps what another one reaches."""

    inner: Sampler
    states: list[Tensor] = attrs.field(factory=list)
    needs_trajectory: bool = False

    def init(self, inversion: object, context: Context) -> tuple[Tensor, State]:
        return self.inner.init(inversion, context)  # type: ignore[arg-type]

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        x, state = self.inner(probe, here, there, state)
        self.states.append(x)
        return x, state


@given(seed=SEEDS, eta=st.floats(0.05, 1.0), schedule=SCHEDULES)
@settings(max_examples=15, deadline=None)
def test_under_the_source_condition_the_encoders_trajectory_is_retraced(
    seed: int, eta: float, schedule: Schedule
) -> None:
    parts = cyclediffusion(eta)
    context = network_context(seed, 50, schedule, parts, target=0)
    assert parts.sampler is not None
    recording = Recording(parts.sampler)
    x = translate(attrs.evolve(parts, sampler=recording), context).x
    assert len(recording.states) == context.top == 40
    for row in range(3):
        states, _ = encode(context, row, eta)
        for mine, theirs in zip(recording.states[:-1], states[1:], strict=True):
            assert float((mine[row : row + 1] - theirs).norm() / theirs.norm()) < 1e-9
        last = context.denoiser(states[-1], context.levels[1], context.source, 1.0)
        assert torch.allclose(x[row : row + 1], move(last, context.levels[0]), rtol=1e-8, atol=1e-8)


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_on_gaussian_data_the_source_is_reconstructed_up_to_the_last_step(seed: int) -> None:
    """What remains is the noise of level 1, which the deterministic last transition does not amplify."""
    denoiser = random_gaussian(seed)
    x0 = source_batch(denoiser, 0, 2, seed)
    errors = {}
    for target in (0, 1):
        context = context_for(denoiser, x0, 50, parts=cyclediffusion(), target=target)
        errors[target] = float((translate(cyclediffusion(), context).x - x0).square().mean().sqrt())
    # 384 numbers of unit variance: their root mean square exceeds 1 by 0.036 for each standard deviation.
    assert errors[0] < 1.2 * context.levels[1].sigma
    assert errors[1] > errors[0]


def test_cost_state_and_precision() -> None:
    """M = (1 - skip) N transitions; the one to the clean level has no noise, so encoding evaluates nothing there."""
    parts = cyclediffusion()
    denoiser = random_gaussian(seed=3)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, 3), 50, parts=parts, sampling_guidance=3.0)
    translation = translate(parts, context)
    assert (translation.inversion.index, translation.inversion.start_index) == (40, 40)
    assert (translation.inversion.cost.forwards, context.meter.cost.forwards) == (39, 39 + 2 * 40)
    assert parts.dtype is torch.float64


def test_results_do_not_depend_on_the_batch() -> None:
    parts = cyclediffusion()
    denoiser = random_gaussian(seed=6)
    context = context_for(denoiser, source_batch(denoiser, 0, 4, 6), 6, parts=parts)
    alone = attrs.evolve(context, x0=context.x0[2:3], noise=context.noise.select(torch.tensor([2])))
    assert torch.equal(translate(parts, alone).x, translate(parts, context).x[2:3])


def test_the_code_depends_on_the_seed() -> None:
    parts = cyclediffusion()
    context = network_context(7, 10, VPSchedule(), parts)
    other = attrs.evolve(context, noise=attrs.evolve(context.noise, seed=1))
    mine, theirs = (invert(parts, run).memory["noises"][2] for run in (context, other))
    assert not torch.allclose(mine, theirs, atol=1e-2)


def test_a_level_listed_twice_has_no_noise() -> None:
    """As many steps as training timesteps: the leading grid ends with its last timestep twice."""
    parts = cyclediffusion(skip=0.0)
    context = network_context(8, 50, VPSchedule(timesteps=50), parts, target=0)
    assert context.levels[-1] == context.levels[-2]
    translation = translate(parts, context)
    assert set(translation.inversion.memory["noises"]) == set(range(2, 50))
    assert torch.isfinite(translation.x).all()


def test_what_it_claims_and_what_it_refuses() -> None:
    for other in (Parts(step=MoveStep()), Parts(sampler=MoveSampler()), Parts(depth=0.5), cyclediffusion()):
        with pytest.raises(SlotConflict):
            cyclediffusion() + other
    for eta in (0.0, -0.1, 1.5, float("nan")):
        with pytest.raises(ConfigurationError, match="eta of cyclediffusion"):
            cyclediffusion(eta=eta)
    for skip in (-0.1, 1.0, float("nan")):
        with pytest.raises(ConfigurationError, match="skip of cyclediffusion"):
            cyclediffusion(skip=skip)
