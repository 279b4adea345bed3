"""What every image metric promises: refusals by name, means over batches, and the same value from two processes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import pytest
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit.metric import MeanScore, Score
from spectralkit.testing import conformance
from spectralkit.testing.processes import across_processes
from spectralkit_metrics_image import (
    SSIM,
    HaarPSI,
    MultiScaleSSIM,
    PooledPSNR,
    haarpsi_values,
    ms_ssim_values,
    psnr,
    psnr_values,
    ssim_values,
)
from spectralkit_metrics_image._plugin import spectralkit_metrics
from spectralkit_metrics_image.mask import luma, pixel_weights

SPECS = {spec.name: spec for spec in spectralkit_metrics()}
test_psnr, test_ssim, test_ms_ssim, test_haarpsi = (conformance("metric", name) for name in SPECS)
test_pooled_psnr = conformance("metric", "psnr", pooled=True)
BUILDERS: list[Callable[[], Score]] = [psnr, PooledPSNR, SSIM, MultiScaleSSIM, HaarPSI]


def build(name: str) -> Score:
    module, _, attribute = SPECS[name].target.partition(":")
    score: Score = getattr(import_module(module), attribute)()
    return score


@pytest.mark.parametrize("name", SPECS)
def test_bad_inputs_are_refused_by_name(name: str, large_pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = large_pair
    metric = build(name)
    nan = generated.clone()
    nan[0, 0, 0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match=f"{name}: generated holds NaN"):
        metric.update(generated=nan, reference=reference)
    with pytest.raises(NonFiniteError, match=f"{name}: reference holds NaN"):
        metric.update(generated=reference, reference=nan)
    with pytest.raises(DataError, match=rf"{name}: generated must lie in \[0, 1\]"):
        metric.update(generated=generated + 0.5, reference=reference)
    with pytest.raises(DataError, match=f"{name}: .* differ in shape"):
        metric.update(generated=generated[..., :-1], reference=reference)
    with pytest.raises(DataError, match=f"{name}: generated is empty"):
        metric.update(generated=generated[:0], reference=reference[:0])
    with pytest.raises(DataError, match=f"{name}: generated holds torch.uint8"):
        metric.update(generated=generated.byte(), reference=reference.byte())
    with pytest.raises(DataError, match="generated must be a torch tensor, got ndarray"):
        metric.update(generated.numpy(), reference)


@pytest.mark.parametrize("values", [psnr_values, ssim_values, ms_ssim_values, haarpsi_values])
def test_functions_refuse_arrays_too(
    values: Callable[[object, object], Tensor], large_pair: tuple[Tensor, Tensor]
) -> None:
    generated, reference = large_pair
    with pytest.raises(DataError, match="reference must be a torch tensor, got ndarray"):
        values(generated, reference.numpy())


@pytest.mark.parametrize("name", SPECS)
def test_one_sample_and_its_range(name: str, large_pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = large_pair
    metric, spec = build(name), SPECS[name]
    value = metric(generated=generated[:1], reference=reference[:1])
    assert spec.range[0] <= value <= spec.range[1]
    assert isinstance(metric, MeanScore)
    torch.testing.assert_close(metric.score(generated=generated[:1], reference=reference[:1])[0].double(), value)


@pytest.mark.parametrize("name", SPECS)
def test_half_precision_is_widened(name: str, large_pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = (z[:1].half() for z in large_pair)
    half = build(name)(generated=generated, reference=reference)
    assert half == build(name)(generated=generated.float(), reference=reference.float())


def test_unknown_and_impossible_masks_are_refused() -> None:
    for metric in (psnr, SSIM, HaarPSI):
        with pytest.raises(ConfigurationError, match="mask 'sky' is unknown: choose one of none, foreground"):
            metric(mask="sky")  # type: ignore[arg-type]
    white = torch.ones(2, 3, 16, 16)
    with pytest.raises(DataError, match="reference 0 of the batch is white throughout"):
        psnr(mask="foreground").update(generated=white, reference=white)
    with pytest.raises(DataError, match="luma needs 1 or 3 channels, got 4"):
        luma(torch.rand(1, 4, 8, 8))
    with pytest.raises(DataError, match="haarpsi needs 1 or 3 channels, got 4"):
        HaarPSI().update(generated=torch.rand(1, 4, 16, 16), reference=torch.rand(1, 4, 16, 16))


def test_the_foreground_is_where_luma_lies_below_95_percent() -> None:
    pixels = torch.tensor([[1, 1, 1], [0.94, 0.94, 0.94], [0.96, 0.96, 0.96], [1, 1, 0.6], [1, 1, 0.5], [0.8, 1, 1]])
    weights = pixel_weights(pixels.T.view(1, 3, 1, 6), "foreground")
    assert weights.flatten().tolist() == [0, 1, 0, 0, 1, 1]  # luma 0.954 and 0.943 of the yellows, 0.940 of the cyan


@pytest.mark.parametrize("builder", BUILDERS)
def test_two_processes_give_the_value_of_one(builder: Callable[[], Score], large_pair: tuple[Tensor, Tensor]) -> None:
    generated, reference = (torch.cat((z, z[:1].flip(-1))) for z in large_pair)
    shares = (slice(0, 1), slice(1, 3))  # unequal, so that a mean of means is wrong

    def value(rank: int) -> Tensor:
        metric = builder()
        metric.update(generated=generated[shares[rank]], reference=reference[shares[rank]])
        result: Tensor = metric.compute()
        return result

    alone = builder()(generated=generated, reference=reference)
    for result in across_processes(value):
        torch.testing.assert_close(result, alone, rtol=1e-7, atol=0)
