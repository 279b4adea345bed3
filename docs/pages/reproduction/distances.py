r"""Kernel and Fréchet distance of resampled generated images to a fixed set of real ones.

A resample gives image i of N a weight w_i, how often it was drawn. Both distances are functions of the weights and of
inner products of feature vectors, which are formed once:

* kernel: pairs of an image with itself, which the unbiased estimate leaves out, are left out of a resample too,
  :math:`\sum_{i \ne j} w_i w_j k(x_i, x_j) / \sum_{i \ne j} w_i w_j`. Otherwise every resample would be nearer to
  itself than any new sample is.
* Fréchet: with A = (X - m_w) scaled by the weights' roots and B = Y - m, both over the root of their number less one,
  the covariances are :math:`A^\top A` and :math:`B^\top B`, and the trace of the root of their product is the sum of
  the singular values of :math:`A B^\top`, an N x M matrix.

With all weights 1 they are the registered ``kd-lite0`` and ``fd-lite0``. A resample holds fewer different images, which
raises the Fréchet distance of every method alike: only differences of it are to be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import torch
from torch import Tensor

from spectralkit_metrics_perceptual.kernel import kernel, off_diagonal_mean

RESAMPLES, SEED = 1000, 0

Distance = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(N, d) generated and (M, d) real features, (R, N) weights -> (R,) distances."""


def kernel_distances(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Unbiased squared maximum mean discrepancy of every resample."""
    x, y, w = x.double(), y.double(), weights.double()
    between = kernel(x, x).fill_diagonal_(0)
    pairs = w.sum(1).square() - w.square().sum(1)
    within = torch.einsum("ri,ij,rj->r", w, between, w) / pairs
    return within + off_diagonal_mean(y) - 2 * (w @ kernel(x, y).mean(1)) / w.sum(1)


def frechet_distances(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Squared Fréchet distance of every resample."""
    origin = y.double().mean(0)
    x, y, share = x.double() - origin, y.double() - origin, weights.double()
    share = share / share.sum(1, keepdim=True)
    gram, cross, n, m = x @ x.T, x @ y.T, len(x), len(y)
    shift = torch.einsum("ri,ij,rj->r", share, gram, share)
    spread = n / (n - 1) * (share @ gram.diagonal() - shift) + y.square().sum() / (m - 1)
    rows = (n / (n - 1) / (m - 1) * share).sqrt()
    fidelity = torch.stack(
        [_trace_of_root(row[:, None] * (cross - p @ cross)) for row, p in zip(rows, share, strict=True)]
    )
    return (shift + spread - 2 * fidelity).clamp(min=0)


def _trace_of_root(product: Tensor) -> Tensor:
    """Sum of the singular values."""
    values: Tensor = torch.linalg.svdvals(product).sum()
    return values


DIGITS = {"kd-lite0": 4, "fd-lite0": 2}
"""To be printed."""

DISTANCES: Mapping[str, Distance] = {"kd-lite0": kernel_distances, "fd-lite0": frechet_distances}


def resamples(count: int, number: int = RESAMPLES, seed: int = SEED) -> Tensor:
    """How often each of ``count`` images is drawn in each of ``number`` resamples, (R, N).

    The same numbers for the same ``count``, so that methods are compared on the same resampled samples. Resamples of
    one single image, which have no pair, are left out.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(count, (number, count), generator=generator)
    weights = torch.zeros(number, count, dtype=torch.long).scatter_add_(1, drawn, torch.ones_like(drawn))
    return weights[(weights > 0).sum(1) > 1]


@attrs.frozen
class Interval:
    """A value with its 95 % bootstrap interval, by percentiles."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, resampled: Tensor) -> Interval:
        """``value`` with the interval of its resamples (R,)."""
        low, high = torch.quantile(resampled.double(), torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
        return cls(value, low, high)

    def told(self, digits: int) -> str:
        """All three, with their signs."""
        value, low, high = (f"{number:+.{digits}f}" for number in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"
