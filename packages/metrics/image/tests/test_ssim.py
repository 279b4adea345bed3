"""SSIM and MS-SSIM against scikit-image, piq and a NumPy reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from torch import Tensor

import spectralkit.metric  # noqa: F401  (makes torchvision, and so piq, importable)
from spectralkit.errors import DataError
from spectralkit_metrics_image import ms_ssim_values, ssim_values
from spectralkit_metrics_image.mask import pixel_weights

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.functional.image import structural_similarity_index_measure  # isort: skip

MARGIN = 5  # half a window
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


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
    generated, reference = pair
    _, ours = structural_similarity_index_measure(
        generated, reference, data_range=1.0, reduction="none", return_full_image=True
    )
    for index in range(len(generated)):
        _, theirs = structural_similarity(
            generated[index].double().numpy(),
            reference[index].double().numpy(),
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=0,
            full=True,
        )
        inside = (slice(None), slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
        # float32 variances against C2 = 9e-4
        np.testing.assert_allclose(ours[index].numpy()[inside], theirs[inside], atol=2e-4)


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
    # float32 variances
    torch.testing.assert_close(
        ms_ssim_values(generated, reference).double(), torch.tensor(theirs, dtype=torch.float64), rtol=0, atol=1e-4
    )


def test_ms_ssim_is_near_piq(large_pair: tuple[Tensor, Tensor]) -> None:
    import piq

    generated, reference = large_pair
    theirs = piq.multi_scale_ssim(generated, reference, data_range=1.0, reduction="none")
    # piq leaves the border out at the coarsest scale, 12 x 11 pixels here, of which it keeps 2 x 1
    torch.testing.assert_close(ms_ssim_values(generated, reference), theirs, rtol=0, atol=0.02)


def test_ms_ssim_needs_a_window_at_the_coarsest_scale() -> None:
    image = torch.rand(1, 1, 175, 200)
    with pytest.raises(DataError, match=r"ms-ssim: images of 175x200 are too small: both sides must be at least 176"):
        ms_ssim_values(image, image)
    image = torch.rand(1, 1, 176, 176)
    torch.testing.assert_close(ms_ssim_values(image, image), torch.ones(1))
