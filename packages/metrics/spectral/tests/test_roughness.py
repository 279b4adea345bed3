"""The roughness, its exact law and the simulated thresholds, each checked by another road."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from spectralkit.errors import ConfigurationError
from spectralkit_metrics_spectral import exact_threshold, roughness, roughness_cdf
from spectralkit_metrics_spectral.roughness import roughness_weights
from spectralkit_metrics_spectral.threshold import PATCHES, threshold


def by_definition(patch: np.ndarray) -> float:
    """Mean squared difference over the neighbour pairs of one k x k patch."""
    k = len(patch)
    pairs = [((i, j), (i + di, j + dj)) for i in range(k) for j in range(k) for di, dj in ((0, 1), (1, 0))]
    squares = [(patch[p] - patch[q]) ** 2 for p, q in pairs if max(q) < k]
    assert len(squares) == 2 * k * (k - 1)
    return float(np.mean(squares))


@given(st.integers(2, 7), st.integers(0, 4), st.integers(0, 4), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_every_window_by_definition(k: int, more: int, wider: int, seed: int) -> None:
    field = np.random.default_rng(seed).standard_normal((1, 2, k + more, k + wider))
    rho = roughness(torch.from_numpy(field), k)
    assert rho.shape == (1, 2, more + 1, wider + 1)
    for c, y, x in np.ndindex(2, more + 1, wider + 1):
        assert rho[0, c, y, x] == pytest.approx(by_definition(field[0, c, y : y + k, x : x + k]), rel=1e-10)


@pytest.mark.parametrize(("k", "variance"), [(3, 1.2778), (5, 0.4350), (7, 0.2166)])
def test_moments_of_the_law(k: int, variance: float) -> None:
    weights = roughness_weights(k)
    E, P = 2 * k * (k - 1), 4 + 12 * (k - 2) + 6 * (k - 2) ** 2
    assert weights.sum() == pytest.approx(2)
    assert 2 * (weights**2).sum() == pytest.approx((8 * E + 4 * P) / E**2)
    assert 2 * (weights**2).sum() == pytest.approx(variance, abs=5e-5)


def test_law_in_closed_form() -> None:
    # k = 2 has weights 1/2, 1/2, 1: the sum of an exponential of mean 1 and a chi-squared of one degree of freedom.
    from scipy.integrate import quad
    from scipy.stats import chi2

    for t in (0.1, 0.5, 2.0, 6.0):
        by_convolution, _ = quad(lambda u, t=t: np.exp(-u) * chi2.cdf(t - u, 1), 0, t, epsabs=1e-10)
        assert roughness_cdf(t, 2) == pytest.approx(by_convolution, abs=1e-8)


@pytest.mark.parametrize("k", [3, 5, 7])
def test_law_by_inversion_of_its_characteristic_function(k: int) -> None:
    weights, t = roughness_weights(k), exact_threshold(k, 0.2)
    u = np.linspace(0, 2000, 2_000_001)[1:]
    phase, modulus = np.zeros_like(u), np.zeros_like(u)
    for w in weights:
        phase += 0.5 * np.arctan(w * u)
        modulus += 0.25 * np.log1p((w * u) ** 2)
    integrand = np.sin(phase - 0.5 * t * u) / u * np.exp(-modulus)
    at_zero = 0.5 * (weights.sum() - t)
    integral = np.trapezoid(np.concatenate([[at_zero], integrand]), dx=u[0])
    assert 0.5 - integral / np.pi == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize(("k", "tau"), [(3, 0.612), (5, 1.068), (7, 1.310)])
def test_thresholds(k: int, tau: float) -> None:
    # The tabulated values are themselves simulated, from 1e5 patches: 0.003 is one and a half of their standard errors.
    assert exact_threshold(k, 0.05) == pytest.approx(tau, abs=0.003)
    assert threshold(k, 0.05) == pytest.approx(tau, abs=0.005)


@pytest.mark.parametrize("k", [3, 5, 7])
@pytest.mark.parametrize("fpr", [0.05, 0.01])
def test_simulated_threshold_has_the_false_positive_rate_of_the_law(k: int, fpr: float) -> None:
    # The law's probability of the simulated quantile is Beta distributed; four standard deviations.
    assert roughness_cdf(threshold(k, fpr), k) == pytest.approx(fpr, abs=4 * np.sqrt(fpr * (1 - fpr) / PATCHES))


@pytest.mark.parametrize("side", [5, 6, 12])
def test_standardised_threshold_on_whole_channels(side: int) -> None:
    rng = np.random.default_rng(11)
    channels = rng.standard_normal((40_000, 1, side, side))
    channels = (channels - channels.mean((2, 3), keepdims=True)) / channels.std((2, 3), keepdims=True)
    rho = roughness(torch.from_numpy(channels[:, :, :5, :5]), 5).flatten()
    flagged = int((rho <= threshold(5, 0.05, side * side)).sum())
    low, high = binom.interval(1 - 1e-4, len(rho), 0.05)
    assert low <= flagged <= high


def test_refusals() -> None:
    for k in (1, 16):
        with pytest.raises(ConfigurationError, match=f"k = 2 ... 15, got {k}"):
            roughness_cdf(1.0, k)
    with pytest.raises(ConfigurationError, match="fpr must lie in"):
        exact_threshold(5, 0.9)
