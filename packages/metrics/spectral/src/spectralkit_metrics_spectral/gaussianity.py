r"""S_G: do the latents' norms follow the Gaussian prior?

For ``x_T ~ N(0, I_d)`` the squared norm ``r = ||x_T||^2`` is chi-squared with ``d = C H W`` degrees of freedom. Over a
set of N latents, ``S_G = 1 - D``, ``D = sup |F_N(r) - F_chi2(d)(r)|`` the Kolmogorov-Smirnov distance (eq. 33 of
"Spectral Collapse in Diffusion Inversion"). Under the prior ``E S_G = 1 - E D_N``, about ``1 - 0.869 / sqrt(N)``: a
perfect latent scores below 1. The standard deviation of ``r / d`` is only ``sqrt(2 / d)``, so a bias of a few per cent
in the norm drives S_G to 0; ``mean(r) / d`` therefore stands beside it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from functools import lru_cache

import attrs
import numpy as np
import torch
from scipy.special import gammaln, logsumexp, xlogy
from scipy.stats import chi2, kstest, kstwo
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.metric import Score, check_latent

from torchmetrics.utilities import dim_zero_cat  # isort: skip  # imports only after the repair spectralkit.metric makes

EXACT_SAMPLES = 100


@attrs.frozen
class Gaussianity:
    """The Kolmogorov-Smirnov test of a set of latents.

    Args:
        score: ``1 - D`` in [0, 1].
        p_value: Probability of a larger ``D`` under the prior (exact for small N, else the limit law's).
        log_p: Its natural logarithm, finite even where ``p_value`` underflows.
        samples: N.
        mean_ratio: ``mean(r) / d``; 1 under the prior.
        null: Expectation of the score under the prior for this N.
    """

    score: float
    p_value: float
    log_p: float
    samples: int
    mean_ratio: float
    null: float


def squared_norms(latent: Tensor) -> Tensor:
    """``||x_T||^2`` of each sample: (B, C, H, W) -> (B,), float64."""
    return latent.double().square().sum(dim=(1, 2, 3))


@lru_cache
def null_expectation(samples: int) -> float:
    """``E S_G`` over ``samples`` latents drawn from the prior: ``1 - integral of P(D_N > x) over [0, 1]``."""
    if samples > EXACT_SAMPLES:  # Kolmogorov's limit law with its first correction, then within 1e-5 of the integral
        return 1 - (math.sqrt(math.pi / 2) * math.log(2) / math.sqrt(samples) - 1 / (6 * samples))
    nodes, weights = np.polynomial.legendre.leggauss(200)
    return float(1 - 0.5 * np.dot(weights, kstwo.sf(0.5 * (nodes + 1), samples)))


def gaussianity(norms: Tensor, dimension: int) -> Gaussianity:
    """Test squared norms against chi-squared.

    Args:
        norms: (N,), ``||x_T||^2`` of each latent, N at least 1.
        dimension: ``d = C H W``.
    """
    r = norms.detach().cpu().double().numpy()
    test = kstest(r, chi2(dimension).cdf)
    distance, p_value = float(test.statistic), float(test.pvalue)
    return Gaussianity(
        score=1 - distance,
        p_value=p_value,
        log_p=math.log(p_value) if p_value > sys.float_info.min else _log_tail(distance, len(r)),
        samples=len(r),
        mean_ratio=float(r.mean()) / dimension,
        null=null_expectation(len(r)),
    )


def _log_tail(distance: float, samples: int) -> float:
    """``ln P(D_N > distance)`` where it underflows: twice Smirnov's one-sided sum, in logarithms.

    ``distance`` is kept below 1 by one rounding unit, so that the answer stays finite.
    """
    D, N = min(distance, 1 - sys.float_info.epsilon / 2), samples
    j = np.arange(math.floor(N * (1 - D)) + 1)
    choose = gammaln(N + 1) - gammaln(j + 1) - gammaln(N - j + 1)
    terms = choose + (j - 1) * np.log(D + j / N) + xlogy(N - j, np.maximum(1 - D - j / N, 0)) + math.log(D)
    return float(math.log(2) + logsumexp(terms))


def common_dimension(dimensions: Tensor) -> Tensor:
    """The one dimension of several sets of latents: (K,) -> (); 0 is that of an empty set.

    Raises:
        DataError: If there are two.
    """
    found = sorted({int(dimension) for dimension in dimensions} - {0})
    if len(found) > 1:
        raise DataError(f"s-g: latents of {' and of '.join(map(str, found))} values in one set: keep to one size")
    return dimensions.max()


class GaussianityScore(Score):
    """S_G of all latents seen: 1 is best; under the Gaussian prior about ``1 - 0.869 / sqrt(N)`` is to be expected.

    ``update(latent=...)`` takes (B, C, H, W), unit-normalised. A single latent has a defined, if weak, score in [0,
    0.5]. One number per latent is kept, since a Kolmogorov-Smirnov distance needs them all.

    Raises:
        DataError: On latents that are not (B, C, H, W), on a change of dimension, or if computed before any update.
        NonFiniteError: On NaN or infinity.
    """

    higher_is_better = True
    dimension: Tensor
    norms: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        # Reduced first, so that what does not fit is refused before any norm is added.
        self.add_state("dimension", torch.zeros((), dtype=torch.long), dist_reduce_fx=common_dimension)
        self.add_state("norms", [], dist_reduce_fx="cat")

    @property
    def dtype(self) -> torch.dtype:
        """The norms' type, with which a process without samples takes part in the gathering."""
        return torch.float64

    def update(self, latent: Tensor) -> None:
        """Add latents (B, C, H, W), unit-normalised."""
        check_latent("s-g", latent)
        dimension = torch.full_like(self.dimension, latent[0].numel())
        self.dimension = common_dimension(torch.stack((self.dimension, dimension)))
        self.norms.append(squared_norms(latent))

    def test(self) -> Gaussianity:
        """The whole test."""
        if self.dimension == 0:
            raise DataError("S_G has seen no latent: call update first")
        return gaussianity(dim_zero_cat(self.norms), int(self.dimension))

    def compute(self) -> Tensor:
        return torch.tensor(self.test().score, dtype=torch.float64)

    def details(self) -> Mapping[str, float | str]:
        test = self.test()
        return {
            "N": float(test.samples),
            "p": test.p_value,
            "log p": test.log_p,
            "mean(r)/d": test.mean_ratio,
            "expected under the null": test.null,
        }
