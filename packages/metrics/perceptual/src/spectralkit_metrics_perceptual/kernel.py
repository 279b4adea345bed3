r"""Kernel distance: the unbiased squared maximum mean discrepancy of feature vectors under a cubic kernel.

.. math:: k(x, y) = \left( \tfrac1d x^\top y + 1 \right)^3, \qquad
          \widehat{\mathrm{MMD}}{}^2 = \frac{\sum_{i \ne j} k(x_i, x_j)}{m (m - 1)}
          + \frac{\sum_{i \ne j} k(y_i, y_j)}{n (n - 1)} - \frac{2}{m n} \sum_{i, j} k(x_i, y_j)

Its expectation does not depend on m and n, so it may be compared between small sets; around zero it is also negative.
The customary mean over random subsets has the same expectation; here the sums run over all pairs, which is the
estimate of least variance and needs no random number. Feature vectors are kept, 4 d bytes an image; the kernel is
formed in blocks.

Bińkowski, Sutherland, Arbel and Gretton, ICLR 2018.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spectralkit.metric import GivenTargets
from spectralkit_metrics_perceptual.distance import FeatureDistance
from spectralkit_metrics_perceptual.features import Features

ROWS = 1024


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """Cubic kernel (m, n) of (m, d) and (n, d)."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def total(x: Tensor, y: Tensor) -> Tensor:
    """Sum of the kernel over all pairs, a block of rows at a time."""
    return torch.stack([kernel(rows, y).sum() for rows in torch.split(x, ROWS)]).sum()


def off_diagonal_mean(x: Tensor) -> Tensor:
    """Mean of the kernel over pairs of different vectors of (m, d)."""
    diagonal = (x.square().sum(1) / x.shape[1] + 1) ** 3
    return (total(x, x) - diagonal.sum()) / (len(x) * (len(x) - 1))


def kernel_distance(x: Tensor, y: Tensor) -> Tensor:
    """Unbiased squared maximum mean discrepancy.

    Args:
        x: (m, d), m at least 2.
        y: (n, d), n at least 2.

    Returns:
        (), float64.
    """
    x, y = x.double(), y.double()
    return off_diagonal_mean(x) + off_diagonal_mean(y) - 2 * total(x, y) / (len(x) * len(y))


class KernelDistance(FeatureDistance):
    """Kernel distance between the features of generated images and of real images of the target domain.

    Args:
        name: What messages call the metric.
        features: The network.
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.
    """

    vectors: list[Tensor]

    def __init__(self, name: str, features: Features, targets: GivenTargets) -> None:
        super().__init__(name, features, targets)
        self.real: Tensor | None = None
        self.add_state("vectors", [], dist_reduce_fx="cat")

    def update(self, generated: Tensor) -> None:
        """Add a batch of generated images, (B, 1 or 3, H, W) in [0, 1]."""
        self.vectors.append(self.features_of(generated))

    def compute(self) -> Tensor:
        """The distance.

        Raises:
            DataError: With fewer than two generated or real images.
        """
        generated = self._joined(self.vectors)
        real = self._real_vectors()
        self.note_counts(len(generated), len(real), needing="an unbiased estimate")
        return kernel_distance(generated, real)

    def _real_vectors(self) -> Tensor:
        if self.real is None:
            self.real = self._joined(list(self.features_of_targets(self.device)))
        return self.real.to(self.device)

    def _joined(self, vectors: list[Tensor] | Tensor) -> Tensor:
        """All vectors (N, d); torchmetrics hands over one tensor after a reduction, a list otherwise."""
        empty = torch.zeros(0, self.features.dimension, device=self.device)
        return torch.cat([empty, *(vectors if isinstance(vectors, list) else [vectors])])
