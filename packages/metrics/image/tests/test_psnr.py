"""PSNR against scikit-image and its own definition."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit_metrics_image import PSNR, PooledPSNR, psnr, psnr_values


def test_matches_scikit_image(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    theirs = [
        peak_signal_noise_ratio(r.double().numpy(), g.double().numpy(), data_range=1)
        for g, r in zip(generated, reference, strict=True)
    ]
    torch.testing.assert_close(psnr_values(generated, reference), torch.tensor(theirs), rtol=1e-12, atol=0)


def test_pooled_is_the_psnr_of_one_long_image(pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = pair
    metric = psnr(pooled=True)
    metric.update(generated=generated[:1], reference=reference[:1])
    metric.update(generated=generated[1:], reference=reference[1:])
    theirs = peak_signal_noise_ratio(reference.double().numpy(), generated.double().numpy(), data_range=1)
    assert metric.compute().item() == pytest.approx(theirs, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(error=st.floats(1e-3, 1.0), seed=st.integers(0, 2**31))
def test_a_constant_error_has_a_closed_form(error: float, seed: int) -> None:
    reference = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * (1 - error)
    expected = torch.full((2,), -20 * math.log10(error), dtype=torch.float64)
    torch.testing.assert_close(psnr_values(reference + error, reference), expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), batch=st.integers(1, 4))
def test_pooling_never_raises_the_score(seed: int, batch: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    generated, reference = torch.rand(2, batch, 1, 6, 6, generator=generator)
    mean, pooled = PSNR(), PooledPSNR()
    assert pooled(generated=generated, reference=reference) <= mean(generated=generated, reference=reference) + 1e-9


def test_identical_images_are_infinite(pair: tuple[Tensor, Tensor]) -> None:
    assert psnr_values(pair[1], pair[1]).isposinf().all()


def test_the_mask_divides_by_the_foreground_only(drawing: tuple[Tensor, Tensor]) -> None:
    generated, reference = drawing
    share = 24 * 24 / (48 * 48)
    gain = psnr_values(generated, reference) - psnr_values(generated, reference, "foreground")
    assert gain.item() == pytest.approx(-10 * math.log10(share))
    masked = PooledPSNR("foreground")(generated=generated, reference=reference)
    torch.testing.assert_close(masked, psnr_values(generated, reference, "foreground")[0])


@pytest.mark.filterwarnings("ignore:The ``compute`` method")  # torchmetrics warns before we refuse
def test_pooled_without_samples_says_so() -> None:
    with pytest.raises(DataError, match="psnr has seen no sample"):
        PooledPSNR().compute()
