"""S_LF: 1 on identity, blind to texture, falling as structure moves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit_metrics_spectral import LowFrequencyScore, TargetLowFrequencyScore, low_frequency_score
from spectralkit_metrics_spectral.lowfrequency import low_pass, shape_mask

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.functional.image import structural_similarity_index_measure  # isort: skip


def ssim_by_scipy(u: np.ndarray, v: np.ndarray) -> float:
    """SSIM of two planes: Gaussian 11 x 11 of sd 1.5, data range 1, over the whole frame, mirrored at its border."""

    def mean(z: np.ndarray) -> np.ndarray:
        return gaussian_filter(z, 1.5, radius=5, mode="mirror")

    c1, c2 = 0.01**2, 0.03**2
    mu, mv = mean(u), mean(v)
    uu, vv, uv = mean(u * u) - mu**2, mean(v * v) - mv**2, mean(u * v) - mu * mv
    return float(((2 * mu * mv + c1) * (2 * uv + c2) / ((mu**2 + mv**2 + c1) * (uu + vv + c2))).mean())


def disc(side: int, x: int, shade: float = 0.2) -> Tensor:
    """A dark disc on white, its centre ``x`` pixels right of the middle: (1, 3, side, side)."""
    line = torch.arange(side) - side / 2
    inside = torch.hypot(line[:, None], line[None, :] - x) < side / 5
    return torch.where(inside, shade, 1.0).expand(1, 3, side, side).contiguous()


@pytest.mark.parametrize("structure", ["rgb", "masked-grey"])
def test_identity(photographs: Tensor, structure: str) -> None:
    metric = LowFrequencyScore(structure)
    metric.update(source=photographs, generated=photographs)
    assert metric.compute() == 1


def test_number_of_modes_kept() -> None:
    impulse = torch.zeros(256, 256, dtype=torch.float64)
    impulse[0, 0] = 1
    # The value at an impulse is the share of the Fourier modes that pass.
    assert float(low_pass(impulse)[0, 0] * 256**2) == pytest.approx(185, abs=1e-9)


@given(st.integers(16, 48), st.integers(16, 48), st.floats(0.02, 1.0), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_low_pass_is_a_projection(height: int, width: int, kappa: float, seed: int) -> None:
    x = torch.randn(2, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    smooth = low_pass(x, kappa)
    torch.testing.assert_close(low_pass(smooth, kappa), smooth)
    torch.testing.assert_close(smooth.mean(dim=(-2, -1)), x.mean(dim=(-2, -1)))
    torch.testing.assert_close((smooth * (x - smooth)).sum(), torch.zeros((), dtype=torch.float64), atol=1e-8, rtol=0)


@given(st.integers(12, 40), st.integers(12, 40), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_ssim_against_scipy(height: int, width: int, seed: int) -> None:
    u, v = torch.rand(2, 1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    smooth = [low_pass(z, 0.5)[0].numpy() for z in (u, v)]
    expected = np.mean([ssim_by_scipy(a, b) for a, b in zip(*smooth, strict=True)])
    assert float(low_frequency_score(u, v, kappa=0.5)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("structure", ["rgb", "masked-grey"])
def test_is_the_ssim_of_torchmetrics(photographs: Tensor, structure: str) -> None:
    pair = [image.double() for image in (photographs[:6], photographs[6:])]
    if structure == "masked-grey":
        pair = [shape_mask(image) for image in pair]
    smooth = [low_pass(image) for image in pair]
    theirs = structural_similarity_index_measure(*smooth, sigma=1.5, kernel_size=11, reduction="none", data_range=1.0)
    ours = low_frequency_score(photographs[:6], photographs[6:], structure)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-13)  # round-off of variances, over C2 = 9e-4


def test_a_few_images_at_a_time_score_as_all_at_once(photographs: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = low_frequency_score(photographs[:6], photographs[6:])
    for chunk in (1, 2 * photographs[0].numel()):
        monkeypatch.setattr("spectralkit_metrics_spectral.lowfrequency.CHUNK", chunk)
        torch.testing.assert_close(low_frequency_score(photographs[:6], photographs[6:]), whole, rtol=0, atol=2e-15)


def test_no_piece_of_memory_is_many_pictures_large() -> None:
    # A window laid out as copies of the picture, one for each of its 121 pixels, would be.
    pair = torch.rand(2, 8, 3, 128, 128)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        low_frequency_score(*pair)
    assert profiler.profiler is not None
    assert profiler.profiler.kineto_results is not None
    pieces = [event.nbytes() for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    assert max(pieces) <= 16 * pair[0].numel()  # the spectrum of all pictures, complex and in double precision


def test_insensitive_to_texture(photographs: Tensor) -> None:
    source = 0.2 + 0.6 * photographs
    f = torch.hypot(torch.fft.fftfreq(64)[:, None], torch.fft.fftfreq(64)[None, :])
    texture = torch.rand(source.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    texture = torch.fft.ifft2(torch.fft.fft2(texture) * (f > 0.05)).real
    metric = LowFrequencyScore()
    assert (metric.score(source=source, generated=(source + 0.3 * texture).clamp(0, 1)) > 0.999).all()


@pytest.mark.parametrize("structure", ["rgb", "masked-grey"])
def test_falls_with_shifts(structure: str) -> None:
    metric = LowFrequencyScore(structure)
    scores = [float(metric.score(source=disc(96, 0), generated=disc(96, x))) for x in (0, 4, 8, 16, 24)]
    assert all(a > b for a, b in itertools.pairwise(scores))
    assert scores[-1] < 0.7


def test_colour_counts_only_in_rgb() -> None:
    source, recoloured = disc(64, 0), disc(64, 0)
    recoloured[:, 0] = 1 - recoloured[:, 0]
    assert LowFrequencyScore("rgb").score(source=source, generated=recoloured) < 0.8
    darker = disc(64, 0, shade=0.7)
    torch.testing.assert_close(
        LowFrequencyScore("masked-grey").score(source=source, generated=darker), torch.ones(1, dtype=torch.float64)
    )
    assert LowFrequencyScore("rgb").score(source=source, generated=darker) < 0.97


def test_shape_mask() -> None:
    pixels = torch.tensor([[0.94, 0.94, 0.94], [0.96, 0.96, 0.96], [1.0, 0.9, 1.0], [0.8, 1.0, 0.95]])
    # Luma of the last two: 0.9413 and 0.9345.
    expected = torch.tensor([1.0, 0.0, 1.0, 1.0])
    assert torch.equal(shape_mask(pixels.T[None, :, :, None]).flatten(), expected)
    assert torch.equal(shape_mask(pixels[:, :1].T[None, :, :, None]).flatten(), torch.tensor([1.0, 0.0, 0.0, 1.0]))


def test_the_two_comparisons_take_what_they_declare(photographs: Tensor) -> None:
    first, second = photographs[:3], photographs[3:6]
    against_source = LowFrequencyScore().score(source=first, generated=second)
    against_target = TargetLowFrequencyScore().score(reference=first, generated=second)
    assert torch.equal(against_source, against_target)
    with pytest.raises(DataError, match=r"LowFrequencyScore.update takes source and generated: missing"):
        LowFrequencyScore().update(reference=first, generated=second)


def test_refusals(photographs: Tensor) -> None:
    metric = LowFrequencyScore()
    with pytest.raises(DataError, match=r"s-lf: source .* differ in shape"):
        metric.update(source=photographs, generated=photographs[..., :32])
    with pytest.raises(DataError, match="smaller than SSIM's 11x11 window"):
        metric.update(source=photographs[..., :10], generated=photographs[..., :10])
    with pytest.raises(NonFiniteError, match="s-lf: source holds NaN"):
        metric.update(source=photographs * torch.nan, generated=photographs)
    with pytest.raises(DataError, match=r"s-lf-target: reference must lie in \[0, 1\]"):
        TargetLowFrequencyScore().update(reference=photographs + 1, generated=photographs)
    with pytest.raises(DataError, match="masked-grey structure needs 1 or 3 channels, got 2"):
        LowFrequencyScore("masked-grey").update(source=photographs[:, :2], generated=photographs[:, :2])
    with pytest.raises(ConfigurationError, match="structure must be one of"):
        LowFrequencyScore("grey")
    with pytest.raises(ConfigurationError, match="kappa is a fraction"):
        LowFrequencyScore(kappa=0.0)
    with pytest.raises(ConfigurationError, match=r"kappa must be float, got '0.06' \(str\)"):
        LowFrequencyScore(kappa="0.06")  # type: ignore[arg-type]
