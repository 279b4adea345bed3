"""S_DC: the flag rate of white noise, and what correlation does to it."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from torch import Tensor
from torch.nn.functional import pad

from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit_metrics_spectral import AutocorrelatedRatio, DecorrelationScore, PatchTest, exact_threshold, roughness


def white(n: int, shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


def blurred(latent: Tensor, width: float) -> Tensor:
    """Periodic Gaussian blur of standard deviation ``width`` pixels, back at unit variance."""
    f2 = torch.fft.fftfreq(latent.shape[-2])[:, None] ** 2 + torch.fft.fftfreq(latent.shape[-1])[None, :] ** 2
    smooth = torch.fft.ifft2(torch.fft.fft2(latent) * torch.exp(-2 * (math.pi * width) ** 2 * f2)).real
    return smooth / smooth.std()


@pytest.mark.parametrize("channels", range(1, 17))
def test_null_flag_rate_lies_in_its_binomial_interval(channels: int) -> None:
    # One window per latent, so that windows are independent and the count is exactly binomial.
    n, fraction = 20_000, 0.25 if channels > 4 else 0.5  # a rate that 20,000 windows can see
    test = PatchTest(fraction=fraction)
    required = math.ceil(fraction * channels)
    expected = sum(math.comb(channels, i) * 0.05**i * 0.95 ** (channels - i) for i in range(required, channels + 1))
    assert test.null_ratio(channels) == pytest.approx(expected)
    flagged = int(test.flags(white(n, (channels, 5, 5), seed=channels)).sum())
    low, high = binom.interval(1 - 1e-4, n, expected)
    assert low <= flagged <= high


@pytest.mark.parametrize(
    ("channels", "fraction", "rate"), [(4, 0.25, 0.185), (4, 0.5, 0.0140), (4, 0.75, 0.0005), (3, 0.5, 0.0073)]
)
def test_null_rates_of_the_table(channels: int, fraction: float, rate: float) -> None:
    assert PatchTest(fraction=fraction).null_ratio(channels) == pytest.approx(rate, abs=5e-4 if rate > 0.1 else 5e-5)


@pytest.mark.parametrize("k", [3, 5, 7])
def test_flag_rate_of_overlapping_windows(k: int) -> None:
    # Overlap changes the variance, not the mean: 16 disjoint k-windows' worth of independence per latent bounds it.
    latents = white(400, (1, 4 * k, 4 * k), seed=k)
    metric = AutocorrelatedRatio(k=k, fraction=1.0)
    metric.update(latent=latents)
    independent = 400 * 16
    assert metric.compute() == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / independent))


def test_white_noise_scores_its_expectation() -> None:
    metric = DecorrelationScore()
    metric.update(latent=white(64, (4, 32, 32)))
    assert metric.compute() == pytest.approx(1 - 0.01402, abs=0.003)
    details = metric.details()
    assert details["N"] == 64
    assert details["channels needed"] == 2
    assert details["tau"] == pytest.approx(exact_threshold(5, 0.05), abs=0.005)


def test_a_window_exactly_at_the_threshold_is_flagged() -> None:
    class AtThreshold(PatchTest):
        def tau(self, height: int, width: int) -> float:
            return 2.0

    patch = torch.zeros(1, 1, 2, 2)
    patch[..., 0, 0] = 2.0  # squared differences 4, 4, 0, 0
    assert roughness(patch, 2) == 2
    assert AtThreshold(k=2).flags(patch).all()
    assert not AtThreshold(k=2).flags(patch * 1.001).any()


@pytest.mark.parametrize(
    ("fraction", "channels", "required"),
    [(0.5, 3, 2), (0.5, 4, 2), (0.5, 1, 1), (0.7, 10, 7), (1.0, 4, 4), (0.01, 4, 1)],
)
def test_required_channels(fraction: float, channels: int, required: int) -> None:
    test = PatchTest(fraction=fraction)
    assert test.required(channels) == required
    latent = 10 * white(1, (channels, 5, 5))
    latent[:, : required - 1] = 0  # one smooth channel too few
    assert not test.flags(latent).any()
    latent[:, required - 1] = 0
    assert test.flags(latent).all()


def test_monotone_in_a_blur() -> None:
    latents = white(16, (4, 32, 32), seed=2)
    scores = [DecorrelationScore().score(latent=blurred(latents, w)).mean() for w in (0, 0.3, 0.45, 0.6, 0.9)]
    assert all(a > b for a, b in itertools.pairwise(scores))
    assert scores[0] > 0.97
    assert scores[-1] < 0.05


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_laws_of_one_latent(seed: int) -> None:
    latent = white(2, (3, 11, 9), seed)
    ratio, score = AutocorrelatedRatio(), DecorrelationScore()
    torch.testing.assert_close(ratio.score(latent=latent), 1 - score.score(latent=latent))
    torch.testing.assert_close(score.score(latent=latent), score.score(latent=-latent.mT + 7), atol=1e-12, rtol=0)
    assert (ratio.score(latent=0.5 * latent) >= ratio.score(latent=latent)).all()  # variance-sensitive by design
    free = DecorrelationScore(standardise=True)
    torch.testing.assert_close(free.score(latent=latent), free.score(latent=0.25 * latent - 1), atol=0.05, rtol=0)


def test_mask_shows_where() -> None:
    latent = white(1, (4, 24, 24))
    latent[..., 12:] = 0
    metric = AutocorrelatedRatio()
    mask = metric.mask(latent)
    assert mask.shape == (1, 1, 20, 20)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    assert mask[..., 12:].all()
    assert mask[..., :8].mean() < 0.2
    assert mask.double().mean() == pytest.approx(float(metric.score(latent=latent)))


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = blurred(white(7, (3, 12, 12)), 0.4)
    whole = DecorrelationScore().score(latent=latents)
    monkeypatch.setattr("spectralkit_metrics_spectral.decorrelation.CHUNK", 500)
    torch.testing.assert_close(DecorrelationScore().score(latent=latents), whole)


def test_constant_channels_and_half_precision() -> None:
    assert AutocorrelatedRatio(standardise=True).score(latent=torch.ones(1, 4, 8, 8)) == 1
    latent = white(2, (4, 16, 16)).half()
    assert torch.equal(DecorrelationScore().score(latent=latent), DecorrelationScore().score(latent=latent.float()))


def test_refusals() -> None:
    metric = DecorrelationScore()
    with pytest.raises(DataError, match="4x9 holds no 5x5 patch"):
        metric.update(latent=pad(white(1, (1, 4, 4)), (0, 5)))
    with pytest.raises(NonFiniteError, match="s-dc: latent holds NaN"):
        metric.update(latent=torch.full((1, 1, 8, 8), torch.nan))
    with pytest.raises(DataError, match=r"latent must be \(B, C, H, W\)"):
        metric.update(latent=torch.zeros(8, 8))
    with pytest.raises(DataError, match="seen no sample"), pytest.warns(UserWarning, match="before the"):
        DecorrelationScore().compute()
    for wrong in ({"k": 1}, {"fraction": 0.0}, {"fraction": 1.5}, {"fpr": 0.0}, {"fpr": 0.9}):
        with pytest.raises(ConfigurationError):
            DecorrelationScore(**wrong)
    for mistyped, told in (({"k": "5"}, "k must be int, got '5'"), ({"fpr": "5%"}, "fpr must be float, got '5%'")):
        with pytest.raises(ConfigurationError, match=told):
            DecorrelationScore(**mistyped)  # type: ignore[arg-type]
