"""The closed-form denoiser against the density it claims to know."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.gaussian import GaussianDenoiser, Sums, apply_filter
from spectralkit.diffusion.schedule import KarrasSchedule, Level, VPSchedule
from spectralkit.testing.oracle import random_gaussian, source_batch
from spectralkit.testing.strategies import normal, seeds, ve_levels, vp_levels

SHAPE = (2, 4, 4)
levels = st.one_of(vp_levels(), ve_levels())
paths = st.one_of(st.tuples(*[family()] * 3) for family in (vp_levels, ve_levels))


def covariance(denoiser: GaussianDenoiser, index: int) -> tuple[Tensor, Tensor]:
    """Mean (d,) and dense covariance (d, d) of a class, built by filtering the unit vectors."""
    d = denoiser.means[index].numel()
    unit = torch.eye(d, dtype=torch.float64).view(d, *denoiser.means.shape[1:])
    power = denoiser.log_powers[index].double().exp()
    return denoiser.means[index].double().flatten(), apply_filter(unit, power).flatten(1)


@given(seed=seeds(), level=levels, index=st.integers(0, 2))
def test_the_prediction_is_the_conditional_mean(seed: int, level: Level, index: int) -> None:
    """Linear algebra on the dense covariance: ``E[x0 | x] = mu + a S (a^2 S + s^2)^-1 (x - a mu)``, eps likewise."""
    denoiser = random_gaussian(seed, SHAPE)
    mean, S = covariance(denoiser, index)
    x = normal(seed, 3, *SHAPE) * (level.alpha**2 + level.sigma**2) ** 0.5
    noisy = level.alpha**2 * S + level.sigma**2 * torch.eye(len(S), dtype=torch.float64)
    whitened = torch.linalg.solve(noisy, (x.flatten(1) - level.alpha * mean).T)
    prediction = denoiser(x, level, denoiser.one_hot(index))
    scale = max(1.0, level.nsr)
    torch.testing.assert_close(
        prediction.x0.flatten(1), (mean[:, None] + level.alpha * S @ whitened).T, rtol=1e-9, atol=1e-9 * scale
    )
    torch.testing.assert_close(prediction.eps.flatten(1), (level.sigma * whitened).T, rtol=1e-9, atol=1e-9 * scale)


@given(seed=seeds(), level=levels)
def test_prediction_and_state_are_consistent(seed: int, level: Level) -> None:
    denoiser = random_gaussian(seed)
    x = normal(seed, 2, 3, 8, 8)
    prediction = denoiser(x, level, denoiser.one_hot(0))
    atol = 1e-12 * max(1.0, level.sigma)
    torch.testing.assert_close(level.alpha * prediction.x0 + level.sigma * prediction.eps, x, rtol=0, atol=atol)


@given(seed=seeds(), level=levels)
@settings(max_examples=25)
def test_eps_is_the_score_of_the_log_density(seed: int, level: Level) -> None:
    """``eps_hat = -sigma grad log p_t(x)``, by autograd of a dense multivariate normal."""
    denoiser = random_gaussian(seed, SHAPE)
    mean, S = covariance(denoiser, 1)
    eye = torch.eye(len(S), dtype=torch.float64)
    density = torch.distributions.MultivariateNormal(level.alpha * mean, level.alpha**2 * S + level.sigma**2 * eye)
    x = normal(seed, 2, *SHAPE).requires_grad_()
    (score,) = torch.autograd.grad(density.log_prob(x.flatten(1)).sum(), x)
    eps = denoiser(x.detach(), level, denoiser.one_hot(1)).eps
    torch.testing.assert_close(eps, -level.sigma * score, rtol=1e-7, atol=1e-7)


@given(
    seed=seeds(),
    path=paths,
)
def test_the_flow_is_a_group(seed: int, path: tuple[Level, ...]) -> None:
    denoiser = random_gaussian(seed)
    a, b, c = path
    condition, x = denoiser.one_hot(0), source_batch(denoiser, 0, 2, seed)

    def flow(x: Tensor, here: Level, there: Level) -> Tensor:
        return denoiser.flow(x, here, there, condition)

    scale = max(1.0, *(level.sigma for level in path)) / min(1.0, *(level.sigma for level in path))
    atol = 1e-13 * scale
    torch.testing.assert_close(flow(x, a, a), x, rtol=0, atol=1e-13)
    torch.testing.assert_close(flow(flow(x, a, b), b, a), x, rtol=0, atol=atol)
    torch.testing.assert_close(flow(flow(x, a, b), b, c), flow(x, a, c), rtol=0, atol=atol)


@given(seed=seeds(), schedule=st.sampled_from((VPSchedule(), KarrasSchedule())))
@settings(max_examples=10)
def test_the_flow_solves_the_probability_flow_ode(seed: int, schedule: VPSchedule | KarrasSchedule) -> None:
    """In ``z = x / alpha`` and ``s = sigma / alpha`` it is ``dz/ds = eps_hat``; the midpoint rule agrees to O(h^2)."""
    denoiser = random_gaussian(seed)
    condition, x = denoiser.one_hot(0), source_batch(denoiser, 0, 2, seed)
    here = schedule.levels(10)[5]
    for h in (1e-3, 1e-4):
        s = here.nsr * (1 + h)
        there, middle = Level(0.0, 1.0, s), Level(0.0, 1.0, (s + here.nsr) / 2)
        start = Level(0.0, 1.0, here.nsr)
        slope = (denoiser.flow(x, start, there, condition) - x) / (there.sigma - start.sigma)
        eps = denoiser(denoiser.flow(x, start, middle, condition), middle, condition).eps
        torch.testing.assert_close(slope, eps, rtol=0, atol=10 * h**2 + 1e-8)


@given(seed=seeds(), to=levels)
@settings(max_examples=25)
def test_the_flow_carries_the_distribution(seed: int, to: Level) -> None:
    """Pushing the covariance through the (affine) flow gives the covariance of the level it arrives at."""
    denoiser = random_gaussian(seed, SHAPE)
    condition, here = denoiser.one_hot(0), Level(0.0, to.alpha, to.sigma / 2)
    mean, S = covariance(denoiser, 0)
    eye = torch.eye(len(S), dtype=torch.float64)
    origin = denoiser.flow(torch.zeros(1, *SHAPE, dtype=torch.float64), here, to, condition).flatten(1)
    A = (denoiser.flow(eye.view(-1, *SHAPE), here, to, condition).flatten(1) - origin).T
    before, after = (level.alpha**2 * S + level.sigma**2 * eye for level in (here, to))
    torch.testing.assert_close(A @ before @ A.T, after, rtol=1e-9, atol=1e-9 * max(1.0, to.sigma**2))
    torch.testing.assert_close(
        (A @ (here.alpha * mean)) + origin[0], to.alpha * mean, rtol=1e-9, atol=1e-9 * max(1.0, to.sigma)
    )


@given(seed=seeds(), level=vp_levels(), weight=st.floats(0.1, 0.9))
@settings(max_examples=10)
def test_it_is_differentiable_in_its_condition(seed: int, level: Level, weight: float) -> None:
    denoiser = random_gaussian(seed)
    x = normal(seed, 1, 3, 8, 8)

    def loss(embedding: Tensor) -> Tensor:
        condition = denoiser.one_hot(0)
        return denoiser(x, level, type(condition)(embedding, condition.null)).eps.square().sum()

    embedding = torch.tensor([[weight, 1 - weight, 0.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(embedding), embedding)
    step = 1e-6 * torch.tensor([[1.0, -1.0, 0.0]], dtype=torch.float64)
    difference = (loss(embedding.detach() + step) - loss(embedding.detach() - step)) / 2
    torch.testing.assert_close((slope * step).sum(), difference, rtol=1e-4, atol=1e-9)


@given(seed=seeds())
@settings(max_examples=5)
def test_fitting_recovers_the_moments(seed: int) -> None:
    denoiser = random_gaussian(seed)
    images = source_batch(denoiser, 1, 4000, seed)
    mean, log_power = Sums.of(images).moments(floor=1e-6)
    # The mean is over N H W pixels, the power over N exponential variates: six standard errors, plus the mean's error.
    deviation = denoiser.log_powers[1].exp().mean().sqrt().item()
    assert float((mean - denoiser.means[1]).abs().max()) < 6 * deviation / (4000 * 64) ** 0.5 * 8
    assert float((log_power - denoiser.log_powers[1]).abs().max()) < 6 / 4000**0.5 * 2**0.5
    even = log_power.flip(-2, -1).roll((1, 1), dims=(-2, -1))
    assert torch.equal(log_power, even)


def test_a_mode_without_energy_is_floored() -> None:
    _, log_power = Sums.of(torch.ones(4, 1, 4, 4)).moments(floor=1e-3)
    torch.testing.assert_close(log_power.exp(), torch.full((1, 4, 4), 1e-3))


@given(seed=seeds(), cut=st.integers(1, 5))
def test_sums_of_parts_are_those_of_the_whole(seed: int, cut: int) -> None:
    images = torch.rand(6, 2, 5, 4, generator=torch.Generator().manual_seed(seed))
    parts = Sums.of(images[:cut]) + Sums.of(images[cut:])
    mean, log_power = whole = Sums.of(images).moments(1e-6)
    for added, expected in zip(parts.moments(1e-6), whole, strict=True):
        torch.testing.assert_close(added, expected)
    torch.testing.assert_close(mean, images.mean(dim=(0, 2, 3)).view(2, 1, 1).expand(2, 5, 4))
    centred = torch.fft.fft2(images.double() - mean, norm="ortho").abs().square().mean(dim=0)
    mirrored = centred.flip(-2, -1).roll((1, 1), dims=(-2, -1))
    torch.testing.assert_close(log_power.exp().double(), (centred + mirrored) / 2, rtol=1e-4, atol=1e-6)
