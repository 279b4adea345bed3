"""Fréchet distance: scipy's matrix square root, torchmetrics, and the laws of a distance of Gaussians."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from torch import Tensor, nn

from spectralkit.errors import DataError, NonFiniteError, SpectralkitError
from spectralkit.testing.processes import across_processes
from spectralkit_metrics_perceptual import Features, FrechetDistance, RankDeficiencyWarning, frechet_distance
from spectralkit_metrics_perceptual.frechet import Sums, factor

# torchmetrics imports only after the repair that spectralkit.metric makes.
from torchmetrics.image.fid import FrechetInceptionDistance  # isort: skip


class Linear(Features):
    """A network with weights of its own."""

    def __init__(self, inputs: int, dimension: int) -> None:
        super().__init__()
        self.dimension = dimension
        self.weights = nn.Linear(inputs, dimension)

    def extract(self, images: Tensor) -> Tensor:
        features: Tensor = self.weights(images.float().flatten(1) / 255)
        return features


seeds = st.integers(0, 2**31)


def gaussian_features(seed: int, count: int, d: int = 6) -> Tensor:
    """(N, d) correlated Gaussian vectors off the origin."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(count, d, generator=generator, dtype=torch.float64) @ mixing + torch.randn(
        d, generator=generator, dtype=torch.float64
    )


def distance(x: Tensor, y: Tensor) -> Tensor:
    return frechet_distance(*Sums.of(x).moments(), *Sums.of(y).moments())


def by_matrix_square_root(x: Tensor, y: Tensor) -> float:
    mean_x, mean_y = x.mean(0).numpy(), y.mean(0).numpy()
    cov_x, cov_y = np.cov(x.numpy().T), np.cov(y.numpy().T)
    root = sqrtm(cov_x @ cov_y).real
    return float(((mean_x - mean_y) ** 2).sum() + np.trace(cov_x + cov_y - 2 * root))


@settings(max_examples=25, deadline=None)
@given(seed=seeds, d=st.integers(2, 20))
def test_matches_scipys_matrix_square_root(seed: int, d: int) -> None:
    x, y = gaussian_features(seed, 60, d), gaussian_features(seed + 1, 50, d)
    assert distance(x, y).item() == pytest.approx(by_matrix_square_root(x, y), rel=1e-8)


@pytest.mark.filterwarnings("ignore:Matrix is singular")  # scipy, of the matrices this test is about
def test_matches_scipy_with_fewer_samples_than_features() -> None:
    x, y = gaussian_features(0, 7, 20), gaussian_features(1, 9, 20)
    # zero eigenvalues come out at 1e-16 of the largest, and their square roots at 1e-8 of it, in both computations
    assert distance(x, y).item() == pytest.approx(by_matrix_square_root(x, y), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_translation_adds_its_squared_length(seed: int) -> None:
    x, y = gaussian_features(seed, 40), gaussian_features(seed + 1, 40)
    x, y = x - x.mean(0), y - y.mean(0)
    shift = gaussian_features(seed + 2, 1)[0]
    torch.testing.assert_close(distance(x + shift, y), distance(x, y) + shift.square().sum(), rtol=1e-8, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_rotation_and_a_common_translation_change_nothing(seed: int) -> None:
    x, y = gaussian_features(seed, 40), gaussian_features(seed + 1, 40)
    rotation = torch.linalg.qr(gaussian_features(seed + 2, 6)).Q
    torch.testing.assert_close(distance(x @ rotation + 3, y @ rotation + 3), distance(x, y), rtol=1e-7, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, scale=st.floats(0.1, 10))
def test_symmetric_zero_on_itself_and_homogeneous(seed: int, scale: float) -> None:
    x, y = gaussian_features(seed, 40), gaussian_features(seed + 1, 40)
    torch.testing.assert_close(distance(x, y), distance(y, x), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(distance(scale * x, scale * y), scale**2 * distance(x, y), rtol=1e-7, atol=1e-7)
    assert distance(x, x).item() == pytest.approx(0, abs=1e-7 * x.square().sum(1).mean().item())


def test_diagonal_gaussians_have_a_closed_form() -> None:
    a, b = torch.tensor([1.0, 4.0, 9.0]).double(), torch.tensor([4.0, 0.0, 1.0]).double()
    zero = torch.zeros(3).double()
    for first, second in ((a, b), (b, a)):
        assert frechet_distance(zero, first.diag(), zero, second.diag()).item() == pytest.approx(1 + 4 + 4)
    assert frechet_distance(zero, 0 * a.diag(), zero, b.diag()).item() == pytest.approx(5)


@given(rank=st.integers(0, 5))
def test_the_factor_squares_to_the_matrix_at_any_rank(rank: int) -> None:
    columns = gaussian_features(rank, 5).T[:, :rank]
    matrix = columns @ columns.T
    f = factor(matrix)
    torch.testing.assert_close(f @ f.T, matrix)


def test_the_metric_matches_torchmetrics(features: Features, generated: Tensor, real: Tensor) -> None:
    theirs = FrechetInceptionDistance(features, normalize=True, input_img_size=(3, 8, 8))
    theirs.update(generated, real=False)
    theirs.update(real, real=True)
    ours = FrechetDistance("fd", features, lambda: iter(real))
    ours.update(generated=generated[:13])
    ours.update(generated=generated[13:])
    assert ours.compute().item() == pytest.approx(theirs.compute().item(), rel=1e-5)  # theirs is rounded to float32
    assert ours.details() == {"N generated": 40, "N real": 30}


def test_few_images_are_warned_of(features: Features, generated: Tensor, real: Tensor) -> None:
    metric = FrechetDistance("fd-small", features, lambda: iter(real))
    metric.update(generated=generated[:12])
    with pytest.warns(RankDeficiencyWarning, match="fd-small is rank-deficient: 12 images for 12 features"):
        metric.compute()
    assert str(metric.details()["note"]).startswith("rank-deficient: 12 images")


def test_real_images_are_read_once(features: Features, generated: Tensor, real: Tensor) -> None:
    calls = []

    def targets() -> Iterator[Tensor]:
        calls.append(1)
        return iter(real)

    metric = FrechetDistance("fd", features, targets)
    metric.update(generated=generated)
    first = metric.compute()
    metric.reset()
    metric.update(generated=generated)
    assert metric.compute() == first
    assert len(calls) == 1


@pytest.mark.parametrize(("count", "available"), [(1, 30), (40, 1), (40, 0)])
def test_one_image_has_no_covariance(
    features: Features, generated: Tensor, real: Tensor, count: int, available: int
) -> None:
    metric = FrechetDistance("fd", features, lambda: iter(real[:available]))
    metric.update(generated=generated[:count])
    kind = "generated" if count < available else "real"
    with pytest.raises(DataError, match=f"fd: a covariance needs 2 {kind} images, got {min(count, available)}"):
        metric.compute()


def test_bad_images_are_refused_by_name(features: Features, generated: Tensor, real: Tensor) -> None:
    metric = FrechetDistance("fd", features, lambda: iter(real * 2))
    with pytest.raises(NonFiniteError, match="fd: generated holds NaN"):
        metric.update(generated=generated / 0 * 0)
    with pytest.raises(DataError, match=r"fd: generated must lie in \[0, 1\]"):
        metric.update(generated=-generated)
    with pytest.raises(DataError, match="fd: feature networks take 1 or 3 channels, got 2"):
        metric.update(generated=generated[:, :2])
    with pytest.raises(DataError, match="fd: feature networks take 1 or 3 channels, got 2"):
        next(FrechetDistance("fd", features, real[:, :2]).features_of_targets(real.device))
    metric.update(generated=generated)
    with pytest.raises(DataError, match=r"fd: target image 0 must lie in \[0, 1\]"):
        metric.compute()


def test_two_processes_give_the_value_of_one(features: Features, generated: Tensor, real: Tensor) -> None:
    shares = (slice(0, 10), slice(10, 40))

    def value(rank: int) -> Tensor:
        metric = FrechetDistance("fd", features, lambda: iter(real))
        metric.update(generated=generated[shares[rank]])
        result: Tensor = metric.compute()
        assert metric.details()["N generated"] == 40
        return result

    alone = FrechetDistance("fd", features, lambda: iter(real))
    alone.update(generated=generated)
    for result in across_processes(value):
        torch.testing.assert_close(result, alone.compute(), rtol=1e-9, atol=0)


def test_a_cast_leaves_sums_and_network(generated: Tensor, real: Tensor) -> None:
    network = Linear(8 * 8 * 3, 5)
    alone, cast = (FrechetDistance("fd", network, lambda: iter(real)) for _ in range(2))
    alone.update(generated)
    cast.update(generated[:20])
    for dtype in (torch.float16, torch.bfloat16):
        cast.to(dtype).half().set_dtype(dtype)
    cast.update(generated[20:].half().float())
    torch.testing.assert_close(cast.compute(), alone.compute(), rtol=1e-2, atol=0)
    assert cast.details() == {"N generated": 40, "N real": 30}


def test_details_are_forgotten_in_a_reset(features: Features, generated: Tensor, real: Tensor) -> None:
    metric = FrechetDistance("fd", features, real)
    metric.update(generated)
    metric.compute()
    metric.reset()
    assert metric.details() == {}


def test_a_refused_batch_leaves_the_sums(features: Features, generated: Tensor, real: Tensor) -> None:
    metric = FrechetDistance("fd", features, real)
    metric.update(generated)
    before = metric.compute()
    for refused in (generated * torch.nan, generated[:1]):  # one image alone has no covariance
        with pytest.raises(SpectralkitError):
            metric(refused)
    assert metric.details()["N generated"] == 40
    assert metric.compute() == before
