"""Kernel distance: the double sum written out, torchmetrics, and unbiasedness."""

from __future__ import annotations

from itertools import permutations, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.testing.processes import across_processes
from spectralkit_metrics_perceptual import Features, KernelDistance, kernel_distance

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.image.kid import poly_mmd  # isort: skip

seeds = st.integers(0, 2**31)


def written_out(x: Tensor, y: Tensor) -> float:
    def k(a: Tensor, b: Tensor) -> float:
        return float(a @ b / len(a) + 1) ** 3

    within = [[k(a, b) for a, b in permutations(z, 2)] for z in (x, y)]
    across = [k(a, b) for a, b in product(x, y)]
    return sum(sum(values) / len(values) for values in within) - 2 * sum(across) / len(across)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, m=st.integers(2, 6), n=st.integers(2, 6))
def test_is_the_double_sum(seed: int, m: int, n: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(count, 4, generator=generator, dtype=torch.float64) for count in (m, n))
    assert kernel_distance(x, y).item() == pytest.approx(written_out(x, y), rel=1e-9, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_equal_sets_match_torchmetrics_and_rotations_change_nothing(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(2, 20, 5, generator=generator, dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64)).Q
    torch.testing.assert_close(kernel_distance(x, y), poly_mmd(x, y))
    torch.testing.assert_close(kernel_distance(x @ rotation, y @ rotation), kernel_distance(x, y))


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = torch.randn(2, 50, 8, generator=torch.Generator().manual_seed(0))
    whole = kernel_distance(x, y)
    monkeypatch.setattr("spectralkit_metrics_perceptual.kernel.ROWS", 7)
    torch.testing.assert_close(kernel_distance(x, y), whole)


def test_has_mean_zero_on_equal_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.stack(
        [
            kernel_distance(torch.randn(8, 6, generator=generator), torch.randn(5, 6, generator=generator))
            for _ in range(400)
        ]
    )
    assert abs(values.mean() / values.std() * 20) < 4  # four standard errors


def test_the_metric_sees_all_images(features: Features, generated: Tensor, real: Tensor) -> None:
    metric = KernelDistance("kd", features, lambda: iter(real))
    metric.update(generated=generated[:1])
    with pytest.raises(DataError, match="kd: an unbiased estimate needs 2 generated images, got 1"):
        metric.compute()
    metric.update(generated=generated[1:])
    expected = kernel_distance(features(generated), features(real))
    torch.testing.assert_close(metric.compute(), expected)
    assert metric.details() == {"N generated": 40, "N real": 30}


def test_two_processes_give_the_value_of_one(features: Features, generated: Tensor, real: Tensor) -> None:
    shares = (slice(0, 10), slice(10, 40))

    def value(rank: int) -> Tensor:
        metric = KernelDistance("kd", features, lambda: iter(real))
        metric.update(generated=generated[shares[rank]])
        result: Tensor = metric.compute()
        return result

    expected = kernel_distance(features(generated), features(real))
    for result in across_processes(value):
        torch.testing.assert_close(result, expected, rtol=1e-9, atol=1e-12)
