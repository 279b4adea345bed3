"""S_G: calibrated under the prior, powerful against what it is meant to see."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, kstest, kstwo
from torch import Tensor

from spectralkit.errors import DataError, NonFiniteError
from spectralkit.testing.processes import across_processes
from spectralkit_metrics_spectral import GaussianityScore, gaussianity
from spectralkit_metrics_spectral.gaussianity import EXACT_SAMPLES, _log_tail, null_expectation


def white(n: int, shape: tuple[int, ...] = (4, 16, 16), seed: int = 0) -> Tensor:
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


def score_of(latent: Tensor) -> GaussianityScore:
    metric = GaussianityScore()
    metric.update(latent=latent)
    return metric


def test_p_values_are_uniform_under_the_prior() -> None:
    # 300 sets of 24 latents; at a level of 1e-3 a right implementation passes with this seed, a biased law does not.
    latents = white(300 * 24, (2, 8, 8)).double()
    norms = latents.square().sum(dim=(1, 2, 3)).reshape(300, 24)
    p = np.array([gaussianity(row, 128).p_value for row in norms])
    assert kstest(p, "uniform").pvalue > 1e-3
    wrong = np.array([gaussianity(row, 120).p_value for row in norms])
    assert kstest(wrong, "uniform").pvalue < 1e-3


@pytest.mark.parametrize("samples", [1, 2, 5, 32, 100])
def test_expectation_under_the_prior(samples: int) -> None:
    rng = np.random.default_rng(3)
    u = np.sort(rng.random((20_000, samples)), axis=1)
    i = np.arange(samples)
    distance = np.maximum((i + 1) / samples - u, u - i / samples).max(axis=1)
    # Four standard errors of this simulation.
    assert null_expectation(samples) == pytest.approx(1 - distance.mean(), abs=4 * distance.std() / math.sqrt(20_000))


def test_expectation_joins_the_limit_law() -> None:
    nodes = np.linspace(0, 1, 1001)
    exact = 1 - np.trapezoid(kstwo.sf(nodes, EXACT_SAMPLES + 1), nodes)
    assert null_expectation(EXACT_SAMPLES + 1) == pytest.approx(exact, abs=1e-4)  # next term of the expansion
    assert null_expectation(10_000) == pytest.approx(1 - 0.8687 / 100, abs=1e-4)


@given(st.floats(0.5, 0.99), st.integers(1, 100))
@settings(max_examples=40, deadline=None)
def test_log_tail_continues_the_p_value(distance: float, samples: int) -> None:
    exact = kstwo.sf(distance, samples)
    if exact > 1e-290:
        assert _log_tail(distance, samples) == pytest.approx(math.log(exact), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_power_against_scale(factor: float) -> None:
    metric = score_of(math.sqrt(factor) * white(64, (4, 32, 32)))
    assert metric.compute() < 0.5
    details = metric.details()
    assert details["mean(r)/d"] == pytest.approx(factor, abs=0.01)
    assert details["log p"] < math.log(1e-6)


def test_power_against_heavy_tails() -> None:
    generator = torch.Generator().manual_seed(5)
    # A scale mixture with the prior's mean norm: E s^2 = 1, only the spread of the norms is wrong.
    squared_scales = torch.empty(64, 1, 1, 1).exponential_(1.0, generator=generator)
    metric = score_of(squared_scales.sqrt() * white(64))
    assert metric.compute() < 0.7
    assert metric.details()["p"] < 1e-6


def test_perfect_latents_reach_their_expectation() -> None:
    metric = score_of(white(256))
    assert metric.compute() > metric.details()["expected under the null"] - 0.05
    assert metric.details()["N"] == 256


def test_statistic_is_the_distance_of_the_distribution_functions() -> None:
    norms = torch.tensor(chi2(10).ppf([0.1, 0.2, 0.35]))
    assert gaussianity(norms, 10).score == pytest.approx(1 - 0.65)


@given(st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=15, deadline=None)
def test_batches_do_not_matter(first: int, second: int) -> None:
    latent = white(first + second, (1, 4, 4), seed=first)
    metric = score_of(latent[:first])
    metric.update(latent=latent[first:])
    assert metric.compute() == score_of(latent).compute()


def test_one_latent_has_a_score_and_collapse_a_finite_log_p() -> None:
    assert 0 <= score_of(white(1)).compute() <= 0.5
    collapsed = score_of(torch.zeros(8, 3, 32, 32))
    assert collapsed.compute() == 0
    assert math.isfinite(collapsed.details()["log p"])
    assert collapsed.details()["log p"] < -200


def test_refusals() -> None:
    with pytest.raises(DataError, match="seen no latent"), pytest.warns(UserWarning, match="before the"):
        GaussianityScore().compute()
    with pytest.raises(NonFiniteError, match="s-g: latent holds NaN"):
        score_of(torch.full((2, 1, 4, 4), torch.nan))
    with pytest.raises(DataError, match="latents of 16 and of 32 values in one set"):
        score_of(white(2, (1, 4, 4))).update(latent=white(2, (2, 4, 4)))
    with pytest.raises(DataError, match="s-g: latent is empty"):
        score_of(white(0))


def test_latents_of_two_sizes_do_not_merge() -> None:
    small, large = score_of(white(3, (1, 4, 4))), score_of(white(5, (2, 4, 4)))
    score = float(small.compute())
    for incoming in (large, large.metric_state):
        with pytest.raises(DataError, match="latents of 16 and of 32 values in one set"):
            small.merge_state(incoming)
    with pytest.raises(DataError, match="latents of 16 and of 32 values in one set"):
        small(white(5, (2, 4, 4)))
    small.update(white(0 + 2, (1, 4, 4), seed=1))
    assert small.details()["N"] == 5
    small.reset()
    small.update(white(3, (1, 4, 4)))
    small.merge_state(GaussianityScore())  # the empty set fits every other
    assert float(small.compute()) == score


def test_latents_of_two_sizes_do_not_meet_between_processes() -> None:
    def value(rank: int) -> str:
        metric = score_of(white(3, (1 + rank, 4, 4)))
        with pytest.raises(DataError, match="latents of 16 and of 32 values in one set") as refusal:
            metric.compute()
        return str(refusal.value)

    first, second = across_processes(value)
    assert first == second
