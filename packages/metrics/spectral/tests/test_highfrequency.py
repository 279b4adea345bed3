"""S_HF: blind to coarse structure, monotone in fine detail, and its reference computed once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
import pywt
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit_metrics_spectral import HighFrequencyScore, measure
from spectralkit_metrics_spectral.cache import forget
from spectralkit_metrics_spectral.highfrequency import high_frequency_score, log_energy, wavelet_order


def radius(side: int) -> Tensor:
    return torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.fftfreq(side)[None, :])


def filtered(images: Tensor, gain: Tensor) -> Tensor:
    """Fourier modes multiplied by ``gain``; the images used here stay inside [0, 1]."""
    return torch.fft.ifft2(torch.fft.fft2(images) * gain).real


@pytest.fixture(scope="module")
def metric(photographs: Tensor) -> HighFrequencyScore:
    return HighFrequencyScore(lambda: iter(photographs))


def test_monotone_in_high_pass_attenuation(metric: HighFrequencyScore, photographs: Tensor) -> None:
    high = radius(64) > 0.2
    images = [filtered(photographs, torch.where(high, g, 1.0)).clamp(0, 1) for g in (1.0, 0.5, 0.2, 0.05, 0.01)]
    scores = [float(metric.score(generated=image).mean()) for image in images]
    assert all(a > b for a, b in itertools.pairwise(scores))
    assert scores[0] > 0.98
    assert scores[-1] < scores[0] - 0.15


def test_blind_to_coarse_structure(metric: HighFrequencyScore, photographs: Tensor) -> None:
    # Below 0.05 cycles/pixel a Symlet of four vanishing moments passes next to nothing into its details.
    low = (radius(64) < 0.05) & (radius(64) > 0)
    scores = [metric.score(generated=filtered(photographs, torch.where(low, g, 1.0)).clamp(0, 1)) for g in (1, 0.5, 0)]
    for edited in scores[1:]:
        torch.testing.assert_close(edited, scores[0], atol=0.005, rtol=0)


@given(st.floats(-0.1, 0.1), st.integers(0, 63), st.integers(0, 63), st.booleans())
@settings(max_examples=15, deadline=None)
def test_invariances(shift: float, down: int, across: int, flip: bool) -> None:
    image = 0.25 + 0.5 * torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    energy = log_energy(image, 4)
    torch.testing.assert_close(log_energy(image + shift, 4), energy, rtol=1e-6, atol=0)  # the mean
    moved = image.roll((2 * (down // 2), 2 * (across // 2)), (-2, -1))  # even shifts of the periodic frame
    torch.testing.assert_close(log_energy(moved, 4), energy, rtol=1e-6, atol=0)
    if flip:  # the transposed image has its horizontal and vertical bands exchanged
        torch.testing.assert_close(log_energy(image.mT, 4), energy, rtol=1e-6, atol=0)


@given(st.floats(0.1, 0.9))
@settings(max_examples=15, deadline=None)
def test_pixel_scale_adds_its_logarithm(factor: float) -> None:
    image = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(4))
    energy = log_energy(image, 4)
    torch.testing.assert_close(log_energy(factor * image, 4), energy + 2 * math.log(factor), rtol=1e-5, atol=0)
    torch.testing.assert_close(log_energy(image, 4, 1.0), energy - 2 * math.log(255), rtol=1e-5, atol=0)
    assert 2 * math.log(255) == pytest.approx(11.08, abs=5e-3)


def test_score_of_a_hundredfold_deficit() -> None:
    # The two figures that show why the pixel range is part of the metric.
    for mu, score in ((5.0, 0.08), (5.0 + 2 * math.log(255), 0.71)):
        value = high_frequency_score(torch.tensor([mu - math.log(100), mu, mu + math.log(100), -40.0]), mu)
        torch.testing.assert_close(value, torch.tensor([score, 1.0, score, 0.0]), atol=0.005, rtol=0)
    with pytest.raises(DataError, match="choose another pixel_range"):
        high_frequency_score(torch.zeros(1), 0.0)


def test_reference_by_definition(photographs: Tensor) -> None:
    reference = measure(lambda: iter(photographs), pixel_range=255.0)
    details = pywt.dwt2(255 * photographs.double().numpy(), f"sym{reference.order}", mode="periodization")[1]
    energies = sum((band**2).sum(axis=(1, 2, 3)) for band in details)
    assert reference.mu == pytest.approx(np.log(energies).mean(), rel=1e-6)
    assert reference.slope == pytest.approx(-3, abs=0.15)
    assert reference.order == math.ceil(abs(reference.slope))
    assert (reference.count, reference.shape) == (12, (3, 64, 64))


@pytest.mark.parametrize(("slope", "order"), [(-3.2, 4), (-4.0, 4), (2.1, 3), (-0.3, 2), (0.0, 2), (-31.0, 20)])
def test_wavelet_order(slope: float, order: int) -> None:
    assert wavelet_order(slope) == order


def test_reference_is_measured_once_per_content(photographs: Tensor) -> None:
    passes = 0

    def targets() -> Iterator[Tensor]:
        nonlocal passes
        passes += 1
        return iter(photographs[:5])

    first = measure(targets)
    cold, passes = passes, 0
    forget()  # another process: only the file is left
    assert measure(targets) == first
    assert (cold, passes) == (3, 1)  # one pass to know the content, two to measure it
    assert measure(lambda: iter(photographs[1:6])).mu != first.mu
    assert measure(targets, 1.0).mu == pytest.approx(first.mu - 2 * math.log(255))


def test_details_name_range_boundary_and_size(metric: HighFrequencyScore) -> None:
    details = metric.details()
    assert (details["range"], details["boundary"], details["size"]) == (255, "periodization", "3x64x64")
    assert str(details["wavelet"]).startswith("sym")
    assert details["mu"] == metric.reference.mu


def test_odd_sides_and_a_flat_image() -> None:
    images = torch.rand(2, 1, 15, 17, generator=torch.Generator().manual_seed(5))
    metric = HighFrequencyScore(images)
    metric.update(torch.full((1, 1, 15, 17), 0.2))
    assert metric.compute() == 0
    assert HighFrequencyScore(images)(images[:1]) > 0.9


@pytest.mark.parametrize("shade", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("pixel_range", [1.0, 255.0])
def test_real_images_without_detail_are_refused(shade: float, pixel_range: float) -> None:
    # Against their energy, the floor of the logarithm, every image with any detail would score 0.
    with pytest.raises(DataError, match="every real target image is flat, without detail to compare with"):
        HighFrequencyScore(torch.full((3, 3, 16, 16), shade), pixel_range)


def test_targets_are_given_as_one_has_them(metric: HighFrequencyScore, photographs: Tensor) -> None:
    for targets in (photographs, list(photographs), lambda: iter(photographs)):
        assert HighFrequencyScore(targets).reference == metric.reference


def test_refusals(metric: HighFrequencyScore, photographs: Tensor) -> None:
    with pytest.raises(DataError, match=r"\(3, 32, 32\) cannot be compared with real images of \(3, 64, 64\)"):
        metric.update(generated=photographs[..., :32, :32])
    with pytest.raises(DataError, match=r"generated must lie in \[0, 1\]"):
        metric.update(generated=255 * photographs)
    with pytest.raises(NonFiniteError, match="generated holds NaN"):
        metric.update(generated=photographs * torch.nan)
    with pytest.raises(DataError, match="no real target image"):
        HighFrequencyScore(lambda: iter(()))
    with pytest.raises(DataError, match="target images differ in size"):
        HighFrequencyScore(lambda: iter((torch.zeros(1, 8, 8), torch.zeros(1, 8, 9))))
    with pytest.raises(DataError, match="target image 0 must lie in"):
        HighFrequencyScore(lambda: iter((torch.full((1, 8, 8), 2.0),)))
    with pytest.raises(ConfigurationError, match="pixel_range must be positive"):
        HighFrequencyScore(lambda: iter(photographs), pixel_range=0.0)
    with pytest.raises(ConfigurationError, match=r"pixel_range must be float, got '255' \(str\)"):
        HighFrequencyScore(lambda: iter(photographs), pixel_range="255")  # type: ignore[arg-type]
