r"""Roughness of the k x k windows of a field: the mean squared difference of neighbours.

    rho(u) = (1/E) sum over horizontal and vertical neighbour pairs inside the window of (x_p - x_q)^2,    E = 2k(k-1).

White noise of unit variance has ``E rho = 2``; its law is that of a weighted sum of chi-squared variables, since with
the Laplacian L of the k x k grid graph ``rho = (1/E) x^T L x``. The eigenvalues of L are
``lambda_ij = (2 - 2 cos(pi i / k)) + (2 - 2 cos(pi j / k))``, so that ``rho ~ (1/E) sum lambda_ij chi^2_1``. With beta
the smallest non-zero weight ``lambda / E`` and n = k^2 - 1 weights, Ruben (Ann. Math. Statist. 33, 1962) writes the
distribution function as a mixture of positive terms,

    P(rho <= t) = sum_j c_j F_chi2(n + 2j)(t / beta),    c_0 = prod sqrt(beta / w),    c_j = (1/2j) sum_{r<j} g_{j-r}
    c_r,

``g_m = sum (1 - beta / w)^m``. It shares no code with the simulation that calibrates the metric's threshold, and
checks it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.stats import chi2
from torch import Tensor

from spectralkit.errors import ConfigurationError


def roughness(field: Tensor, k: int) -> Tensor:
    """rho of every valid window: (B, C, H, W) -> (B, C, H - k + 1, W - k + 1)."""
    across = _box(_box(field.diff(dim=-1).square(), k - 1, -1), k, -2)
    down = _box(_box(field.diff(dim=-2).square(), k - 1, -2), k, -1)
    return across.add_(down).div_(2 * k * (k - 1))


def _box(x: Tensor, length: int, dim: int) -> Tensor:
    """Sums of ``length`` neighbours: shifted views added up, several times faster than a pooling layer."""
    count = x.shape[dim] - length + 1
    total = x.narrow(dim, 0, count).clone(memory_format=torch.contiguous_format)
    for start in range(1, length):
        total.add_(x.narrow(dim, start, count))
    return total


def roughness_weights(k: int) -> np.ndarray:
    """``lambda_ij / E``, the k^2 - 1 that are not zero, ascending."""
    line = 2 - 2 * np.cos(np.pi * np.arange(k) / k)
    return np.sort((line[:, None] + line[None, :]).ravel())[1:] / (2 * k * (k - 1))


def roughness_cdf(rho: float, k: int) -> float:
    """``P(roughness <= rho)`` of a white, unit-variance k x k patch, exact to round-off.

    Args:
        rho: At least 0.
        k: Side of the patch, 2 to 15 (beyond, the series' first term underflows).

    Raises:
        ConfigurationError: On another ``k``.
    """
    if not 2 <= k <= 15:
        raise ConfigurationError(f"the exact law of the roughness is available for k = 2 ... 15, got {k}")
    weights = roughness_weights(k)
    beta, n = weights[0], len(weights)
    x = rho / beta
    # chi2(nu) falls below x with probability < 1e-12 at nu = x + 12 sqrt(2 x + 64): later terms add nothing.
    terms = math.ceil((x + 12 * math.sqrt(2 * x + 64)) / 2) + 1
    g = ((1 - beta / weights)[:, None] ** np.arange(1, terms)).sum(axis=0)
    c = np.zeros(terms)
    c[0] = math.exp(0.5 * np.log(beta / weights).sum())
    for j in range(1, terms):
        c[j] = g[j - 1 :: -1][:j] @ c[:j] / (2 * j)
    return float(c @ chi2.cdf(x, n + 2 * np.arange(terms)))


def exact_threshold(k: int, fpr: float) -> float:
    """tau with ``P(roughness <= tau) = fpr``.

    Raises:
        ConfigurationError: If ``k`` is outside 2 ... 15 or ``fpr`` outside (0, 0.5].
    """
    if not 0 < fpr <= 0.5:
        raise ConfigurationError(f"fpr must lie in (0, 0.5], got {fpr}")
    # The law is skewed to the right, so that its median lies below its mean, 2.
    return float(brentq(lambda rho: roughness_cdf(rho, k) - fpr, 0.0, 2.0, xtol=1e-10))
