"""The ancestral sampler: its law on Gaussian data, its limits, and a naive re-implementation."""

from __future__ import annotations

import math

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.gaussian import GaussianDenoiser
from spectralkit.diffusion.parameterization import EDMParameterization
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_ancestral import ancestral

SEEDS = st.integers(0, 2**16)
SCHEDULES = st.sampled_from([VPSchedule(), KarrasSchedule()])


def network_context(seed: int, steps: int, schedule: Schedule, batch: int = 3) -> Context:
    denoiser = random_denoiser(seed, EDMParameterization() if isinstance(schedule, KarrasSchedule) else None)
    return context_for(denoiser, source_batch(random_gaussian(seed), 0, batch, seed), steps, schedule=schedule)


def published_scale(here: Level, there: Level, eta: float, schedule: Schedule) -> float:
    """sigma_up as each family of processes writes it."""
    if isinstance(schedule, KarrasSchedule):
        return eta * there.sigma * math.sqrt(1 - there.sigma**2 / here.sigma**2)
    abar, cleaner = here.alpha**2, there.alpha**2
    return eta * math.sqrt((1 - cleaner) / (1 - abar)) * math.sqrt(1 - abar / cleaner)


def naive(context: Context, x: Tensor, row: int, eta: float, noises: dict[int, Tensor]) -> Tensor:
    """One sample, plain loops."""
    noise = context.noise.select(torch.tensor([row]))
    for i in range(context.top, 0, -1):
        here, there = context.levels[i], context.levels[i - 1]
        eps = context.denoiser(x, here, context.target, context.sampling_guidance).eps
        x0 = (x - here.sigma * eps) / here.alpha
        up = published_scale(here, there, eta, context.schedule) if i > 1 else 0.0
        z = noises[i][row : row + 1] if i in noises else noise.normal(f"ancestral/{i}", x)
        x = there.alpha * x0 + math.sqrt(there.sigma**2 - up**2) * eps + up * z
    return x


@given(seed=SEEDS, steps=st.integers(1, 8), eta=st.floats(0.01, 1.0), schedule=SCHEDULES, recorded=st.booleans())
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_plain_loops(seed: int, steps: int, eta: float, schedule: Schedule, recorded: bool) -> None:
    context = network_context(seed, steps, schedule)
    inversion = invert(ancestral(eta), context)
    draw = torch.Generator().manual_seed(seed)
    # Every other level only: what is not recorded is drawn.
    known = range(2, steps + 1, 2) if recorded else ()
    noises = {i: torch.randn(context.x0.shape, generator=draw, dtype=torch.float64) for i in known}
    x = sample(ancestral(eta), attrs.evolve(inversion, memory={"noises": noises} if recorded else None), context).x
    for row in range(3):
        expected = naive(context, inversion.latent[row : row + 1], row, eta, noises)
        assert float((x[row : row + 1] - expected).norm() / expected.norm()) < 1e-9


@given(seed=SEEDS, schedule=SCHEDULES)
@settings(max_examples=10, deadline=None)
def test_towards_eta_zero_it_becomes_the_deterministic_sampler(seed: int, schedule: Schedule) -> None:
    """The distance is of the order of eta: sigma_up is proportional to it, and sigma_down differs by its square."""
    denoiser = random_gaussian(seed)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, seed), 8, schedule=schedule)
    inversion = invert(Parts(), context)
    limit = sample(Parts(), inversion, context).x
    near, nearer = (float((sample(ancestral(eta), inversion, context).x - limit).norm()) for eta in (1e-4, 1e-6))
    assert 0 < near < 1e-2 * float(limit.norm())
    assert nearer == pytest.approx(near / 100, rel=0.05)


def test_it_does_draw() -> None:
    context = network_context(seed=4, steps=6, schedule=VPSchedule())
    other = attrs.evolve(context, noise=attrs.evolve(context.noise, seed=1))
    assert not torch.allclose(translate(ancestral(), context).x, translate(ancestral(), other).x, atol=1e-2)
    assert torch.equal(translate(ancestral(), context).x, translate(ancestral(), context).x)


def test_the_last_transition_is_deterministic() -> None:
    context = network_context(seed=4, steps=1, schedule=VPSchedule())
    assert torch.equal(translate(ancestral(), context).x, translate(Parts(), context).x)


def moments(denoiser: GaussianDenoiser, context: Context, eta: float) -> Tensor:
    """Variance of each Fourier mode after sampling from the exact law of the noisiest level: a linear recursion."""
    power = denoiser.log_powers[1].double().exp()
    top = context.levels[context.top]
    variance = top.alpha**2 * power + top.sigma**2
    for i in range(context.top, 0, -1):
        here, there = context.levels[i], context.levels[i - 1]
        up = published_scale(here, there, eta, context.schedule) if i > 1 else 0.0
        total = here.alpha**2 * power + here.sigma**2
        gain = there.alpha * here.alpha * power / total + math.sqrt(there.sigma**2 - up**2) * here.sigma / total
        variance = gain**2 * variance + up**2
    return variance


@pytest.mark.parametrize("schedule", [VPSchedule(), KarrasSchedule()], ids=["vp", "karras"])
@pytest.mark.parametrize("eta", [0.5, 1.0])
def test_marginals_of_gaussian_data(schedule: Schedule, eta: float) -> None:
    """Sampling from the exact law of the noisiest level gives the target's mean and spectrum."""
    denoiser, count, steps = random_gaussian(seed=5, shape=(1, 4, 4)), 1000, 15
    context = context_for(denoiser, torch.zeros(count, 1, 4, 4, dtype=torch.float64), steps, schedule=schedule)
    top, clean = context.levels[-1], context.levels[0]
    prior = top.alpha * source_batch(denoiser, 1, count, seed=6) + top.sigma * context.noise.normal("prior", context.x0)
    x = sample(ancestral(eta), attrs.evolve(invert(Parts(), context), latent=prior), context).x
    variance = moments(denoiser, context, eta)
    centred = x - clean.alpha * denoiser.means[1].double()
    power = torch.fft.fft2(centred, norm="ortho").abs().square()
    # White by its own predicted spectrum: 16000 numbers of mean square 1, standard error sqrt(2 / 16000); five of them.
    assert float((power / variance).mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / (16 * count)))
    # The mean of each pixel, five standard errors of the average over 1000 samples.
    assert float(centred.mean(dim=0).abs().max()) < 5 * math.sqrt(float(variance.mean()) / count)


@pytest.mark.parametrize("eta", [0.5, 1.0])
def test_the_predicted_spectrum_converges_to_the_target(eta: float) -> None:
    """The recursion that the samples obey tends to the law of the clean level with the first order."""
    denoiser, errors = random_gaussian(seed=5, shape=(1, 4, 4)), []
    for steps in (40, 160):
        context = context_for(denoiser, torch.zeros(1, 1, 4, 4), steps, schedule=KarrasSchedule())
        exact = denoiser.log_powers[1].double().exp() + context.levels[0].sigma ** 2
        errors.append(float((moments(denoiser, context, eta) / exact - 1).abs().max()))
    assert errors[1] < errors[0] / 3


def test_cost_and_independence_of_the_batch() -> None:
    context = network_context(seed=7, steps=5, schedule=VPSchedule(), batch=4)
    whole = translate(ancestral(), context)
    assert (whole.inversion.cost.forwards, context.meter.cost.forwards, context.meter.cost.backwards) == (5, 10, 0)
    alone = attrs.evolve(context, x0=context.x0[2:3], noise=context.noise.select(torch.tensor([2])))
    # A convolution may sum in another order in another batch size: round-off is all that is allowed.
    assert torch.allclose(translate(ancestral(), alone).x, whole.x[2:3], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("eta", [0.0, -1.0, 1.1, float("nan")])
def test_bad_eta_is_refused(eta: float) -> None:
    with pytest.raises(ConfigurationError, match="eta of ancestral"):
        ancestral(eta)
