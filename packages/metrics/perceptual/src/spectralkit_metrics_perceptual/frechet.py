r"""Fréchet distance of two Gaussians, and of the features of two sets of images.

.. math:: d^2 = \lVert \mu_1 - \mu_2 \rVert^2 + \operatorname{tr} \Sigma_1 + \operatorname{tr} \Sigma_2
                - 2 \operatorname{tr} (\Sigma_1 \Sigma_2)^{1/2}

With :math:`\Sigma_1 = F F^\top`, the eigenvalues of :math:`\Sigma_1 \Sigma_2` are those of the symmetric
:math:`F^\top \Sigma_2 F`, so that the last trace is a sum of square roots of a symmetric matrix's eigenvalues; no
matrix square root is formed. :math:`F` is the Cholesky factor where :math:`\Sigma_1` is definite, and
has only as many columns as :math:`\Sigma_1` has rank where not.

The moments are running sums in float64: memory does not depend on the number of images. With fewer images than features
the covariance is singular and the distance biased upwards; the kernel distance has no such bias.

Dowson and Landau, J. Multivariate Anal. 12 (1982); Heusel et al., NeurIPS 2017.
"""

from __future__ import annotations

import warnings
from functools import reduce
from operator import add

import attrs
import torch
from torch import Tensor

from spectralkit.metric import GivenTargets
from spectralkit_metrics_perceptual.distance import FeatureDistance
from spectralkit_metrics_perceptual.features import Features


class RankDeficiencyWarning(UserWarning):
    """A covariance was estimated from no more samples than it has dimensions."""


@attrs.frozen(eq=False)
class Sums:
    """Running sums of feature vectors, float64.

    Args:
        count: (), number of vectors.
        first: (d,), sum of vectors.
        second: (d, d), sum of outer products.
    """

    count: Tensor
    first: Tensor
    second: Tensor

    @classmethod
    def zero(cls, dimension: int, device: torch.device | None = None) -> Sums:
        """Sums of no vector."""
        zeros = torch.zeros(dimension, dimension, dtype=torch.float64, device=device)
        return cls(zeros.new_zeros(()), zeros.new_zeros(dimension), zeros)

    @classmethod
    def of(cls, features: Tensor) -> Sums:
        """Sums of (N, d) features."""
        features = features.double()
        return cls(features.new_tensor(len(features)), features.sum(0), features.T @ features)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.first + other.first, self.second + other.second)

    def to(self, device: torch.device) -> Sums:
        """The sums on another device."""
        return Sums(self.count.to(device), self.first.to(device), self.second.to(device))

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean (d,) and unbiased covariance (d, d) of at least two vectors."""
        mean = self.first / self.count
        return mean, (self.second - self.count * mean.outer(mean)) / (self.count - 1)


def factor(covariance: Tensor) -> Tensor:
    """F with F Fᵀ = covariance, (d, rank), for a positive semidefinite matrix (d, d)."""
    cholesky, failed = torch.linalg.cholesky_ex(covariance)
    if not failed:
        return torch.as_tensor(cholesky)
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > values[-1] * len(values) * torch.finfo(values.dtype).eps  # the others are round-off
    return torch.as_tensor(vectors[:, kept] * values[kept].sqrt())


def frechet_distance(mean1: Tensor, covariance1: Tensor, mean2: Tensor, covariance2: Tensor) -> Tensor:
    """Squared Fréchet distance of two Gaussians.

    Args:
        mean1: (d,).
        covariance1: (d, d), symmetric positive semidefinite.
        mean2: (d,).
        covariance2: (d, d), symmetric positive semidefinite.

    Returns:
        (), non-negative.
    """
    f = factor(covariance1)
    eigenvalues = torch.linalg.eigvalsh(f.T @ covariance2 @ f)
    fidelity = eigenvalues.clamp(min=0).sqrt().sum()
    distance = (mean1 - mean2).square().sum() + covariance1.trace() + covariance2.trace() - 2 * fidelity
    return torch.as_tensor(distance.clamp(min=0))  # round-off alone is negative


class FrechetDistance(FeatureDistance):
    """Squared Fréchet distance between the features of generated images and of real images of the target domain.

    Args:
        name: What messages call the metric.
        features: The network.
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.
    """

    count: Tensor
    first: Tensor
    second: Tensor

    def __init__(self, name: str, features: Features, targets: GivenTargets) -> None:
        super().__init__(name, features, targets)
        self.real: Sums | None = None
        zero = Sums.zero(features.dimension)
        self.add_state("count", zero.count, dist_reduce_fx="sum")
        self.add_state("first", zero.first, dist_reduce_fx="sum")
        self.add_state("second", zero.second, dist_reduce_fx="sum")

    def update(self, generated: Tensor) -> None:
        """Add a batch of generated images, (B, 1 or 3, H, W) in [0, 1]."""
        sums = Sums.of(self.features_of(generated))
        self.count += sums.count
        self.first += sums.first
        self.second += sums.second

    def compute(self) -> Tensor:
        """The distance.

        Raises:
            DataError: With fewer than two generated or real images.
        """
        generated, real = Sums(self.count, self.first, self.second), self._real_sums()
        self.note_counts(int(generated.count), int(real.count), needing="a covariance")
        self._note_rank(int(min(generated.count, real.count)))
        return frechet_distance(*real.moments(), *generated.moments())  # the first is factored: likelier definite

    def _real_sums(self) -> Sums:
        if self.real is None:
            batches = map(Sums.of, self.features_of_targets(self.count.device))
            self.real = reduce(add, batches, Sums.zero(self.features.dimension, self.count.device))
        return self.real.to(self.count.device)

    def _note_rank(self, smallest: int) -> None:
        """A covariance of N samples has rank N - 1 at most."""
        d = self.features.dimension
        if smallest <= d:
            note = f"rank-deficient: {smallest} images for {d} features bias the distance upwards"
            self.facts["note"] = note
            warnings.warn(f"{self.name} is {note}; report the kernel distance too", RankDeficiencyWarning, stacklevel=3)
