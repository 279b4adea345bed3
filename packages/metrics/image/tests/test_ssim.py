"""SSIM and MS-SSIM against scikit-image, piq and a NumPy reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage import metrics as skimage
from torch import Tensor

import spectralkit.metric  # noqa: F401  (makes torchvision, and so piq, importable)
from spectralkit.errors import DataError
from spectralkit_metrics_image import SSIM, MultiScaleSSIM, ms_ssim_values, ssim_values
from spectralkit_metrics_image.mask import pixel_weights
from spectralkit_metrics_image.ssim import luminance_and_contrast, structural_similarity

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.functional.image import (  # isort: skip
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

MARGIN = 5  # half a window
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
ROUNDING = 2e-15


def maps(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SSIM and contrast maps of (C, H, W), borders by reflection."""

    def blur(z: np.ndarray) -> np.ndarray:
        return gaussian_filter(z, 1.5, mode="mirror", radius=MARGIN, axes=(-2, -1))

    mu_x, mu_y = blur(x), blur(y)
    contrast = (2 * (blur(x * y) - mu_x * mu_y) + 9e-4) / (blur(x * x) - mu_x**2 + blur(y * y) - mu_y**2 + 9e-4)
    return contrast * (2 * mu_x * mu_y + 1e-4) / (mu_x**2 + mu_y**2 + 1e-4), contrast


def halve(x: np.ndarray) -> np.ndarray:
    c, h, w = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(c, h // 2, 2, w // 2, 2).mean((2, 4))


def ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    product = 1.0
    for scale, weight in enumerate(WEIGHTS):
        ssim_map, contrast = maps(x, y)
        last = scale == len(WEIGHTS) - 1
        factor = ssim_map.mean() if last else contrast[:, MARGIN:-MARGIN, MARGIN:-MARGIN].mean()
        product *= max(factor, 0.0) ** weight
        x, y = halve(x), halve(y)
    return product


def test_ssim_matches_scikit_image_away_from_the_border(pair: tuple[Tensor, Tensor]) -> None:
    for generated, reference in zip(*(z.double() for z in pair), strict=True):
        luminance, contrast = luminance_and_contrast(generated, reference)
        _, theirs = skimage.structural_similarity(
            generated.numpy(),
            reference.numpy(),
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=0,
            full=True,
        )
        inside = (slice(None), slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        np.testing.assert_allclose((luminance * contrast)[inside], theirs[inside], rtol=0, atol=1e-12)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(11, 40), st.integers(11, 40), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_ssim_is_that_of_torchmetrics_in_double_precision(b: int, c: int, height: int, width: int, seed: int) -> None:
    x, y = torch.rand(2, b, c, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    y = 0.7 * x + 0.3 * y
    theirs = structural_similarity_index_measure(x, y, data_range=1.0, reduction="none")
    torch.testing.assert_close(ssim_values(x, y), theirs.reshape(b), rtol=0, atol=ROUNDING)


def test_ms_ssim_is_that_of_torchmetrics(large_pair: tuple[Tensor, Tensor]) -> None:
    x, y = (z.double() for z in large_pair)
    theirs = multiscale_structural_similarity_index_measure(x, y, data_range=1.0, reduction="none", normalize="relu")
    torch.testing.assert_close(ms_ssim_values(x, y), theirs, rtol=0, atol=1e-8)  # its weights are float32


@pytest.mark.parametrize(("metric", "side"), [(SSIM, 32), (MultiScaleSSIM, 176)])
@pytest.mark.parametrize("shade", [0.1, 0.7, 1.0])
def test_an_image_is_itself_flat_or_not(metric: type[SSIM], side: int, shade: float) -> None:
    flat = torch.full((1, 3, side, side), shade)
    noisy = (flat + 0.01 * torch.randn(flat.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    assert metric()(flat, flat) == 1
    assert metric()(noisy, noisy) == 1
    assert metric()(noisy, flat) < 1


def test_how_many_planes_at_a_time_changes_nothing(
    large_pair: tuple[Tensor, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = {}
    for chunk in (1, 2**18, 2**30):
        monkeypatch.setattr("spectralkit_metrics_image.ssim.CHUNK", chunk)
        scores[chunk] = torch.stack((ssim_values(*large_pair), ms_ssim_values(*large_pair)))
    for found in scores.values():
        torch.testing.assert_close(found, scores[1], rtol=0, atol=ROUNDING)


def test_weights_choose_pixels(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    left = torch.zeros_like(reference[:, :1])
    left[..., : left.shape[-1] // 2] = 1
    halves = [structural_similarity(generated, reference, weights) for weights in (left, 1 - left)]
    torch.testing.assert_close(sum(halves) / 2, ssim_values(generated, reference), rtol=0, atol=ROUNDING)


def test_ssim_is_the_mean_of_the_reference_map(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = (z.double() for z in pair)
    theirs = [maps(g.numpy(), r.numpy())[0].mean() for g, r in zip(generated, reference, strict=True)]
    torch.testing.assert_close(ssim_values(generated, reference), torch.tensor(theirs), rtol=0, atol=1e-9)


def test_the_masked_ssim_averages_the_map_over_the_foreground(drawing: tuple[Tensor, Tensor]) -> None:
    generated, reference = (z.double() for z in drawing)
    ssim_map = maps(generated[0].numpy(), reference[0].numpy())[0].mean(0)
    theirs = ssim_map[pixel_weights(reference, "foreground")[0, 0].bool().numpy()].mean()
    assert ssim_values(generated, reference, "foreground").item() == pytest.approx(theirs, abs=1e-9)


def test_ms_ssim_matches_the_reference(large_pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = large_pair
    theirs = [ms_ssim(g.double().numpy(), r.double().numpy()) for g, r in zip(generated, reference, strict=True)]
    torch.testing.assert_close(
        ms_ssim_values(generated, reference), torch.tensor(theirs, dtype=torch.float64), rtol=0, atol=1e-9
    )


def test_ms_ssim_is_near_piq(large_pair: tuple[Tensor, Tensor]) -> None:
    import piq

    generated, reference = large_pair
    theirs = piq.multi_scale_ssim(generated, reference, data_range=1.0, reduction="none")
    # piq leaves the border out at the coarsest scale, 12 x 11 pixels here, of which it keeps 2 x 1
    torch.testing.assert_close(ms_ssim_values(generated, reference), theirs.double(), rtol=0, atol=0.02)


def test_ms_ssim_needs_a_window_at_the_coarsest_scale() -> None:
    image = torch.rand(1, 1, 175, 200)
    with pytest.raises(DataError, match=r"ms-ssim: images of 175x200 are too small: both sides must be at least 176"):
        ms_ssim_values(image, image)
    image = torch.rand(1, 1, 176, 176)
    assert ms_ssim_values(image, image) == 1
