r"""S_DC: is the latent locally white?

In every k x k window u (stride 1, no padding) and channel c, the roughness is the mean squared difference of the
``E = 2k(k-1)`` horizontal and vertical neighbours inside the window (appendix B.3 of "Spectral Collapse in Diffusion
Inversion"):

    rho_c(u) = (1/E) sum over pairs (x_p - x_q)^2,        E rho = 2 for white noise of unit variance.

A window is flagged as autocorrelated if at least ``m = ceil(f C)`` channels satisfy ``rho_c(u) <= tau``, where tau is
the quantile of white noise at the false-positive rate. The autocorrelated ratio (eq. 36) is the fraction of flagged
windows; ``S_DC = 1 - ratio`` is its complement, the orientation of the paper's tables. White noise scores
``1 - P(Bin(C, FPR) >= m)``, 0.986 at C = 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import torch
from scipy.stats import binom
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.metric import MeanScore, check_latent, check_parameters
from spectralkit_metrics_spectral.roughness import roughness
from spectralkit_metrics_spectral.threshold import threshold

CHUNK = 2**20
"""Values worked on at once, which bounds the working memory."""


def standardised(latent: Tensor) -> Tensor:
    """Each channel of each sample at mean 0 and variance 1; a constant channel becomes 0."""
    centred = latent - latent.mean(dim=(-2, -1), keepdim=True)
    variance = centred.square().mean(dim=(-2, -1), keepdim=True)
    return centred / variance.sqrt().clamp_min(torch.finfo(latent.dtype).tiny)


@attrs.frozen
class PatchTest:
    """The test of one window: k, channel fraction f, false-positive rate, and whether channels are standardised."""

    k: int = 5
    fraction: float = 0.5
    fpr: float = 0.05
    standardise: bool = False

    def __attrs_post_init__(self) -> None:
        check_parameters(PatchTest, **attrs.asdict(self))
        if self.k < 2:
            raise ConfigurationError(f"a patch needs a side k of at least 2, got {self.k}")
        if not 0 < self.fraction <= 1:
            raise ConfigurationError(f"fraction is a share of the channels in (0, 1], got {self.fraction}")
        if not 1e-4 <= self.fpr <= 0.5:
            raise ConfigurationError(f"fpr must lie in [0.0001, 0.5], got {self.fpr}")

    def required(self, channels: int) -> int:
        """m: how many smooth channels flag a window."""
        return math.ceil(self.fraction * channels - 1e-9)  # 0.7 * 10 is 7.000000000000001 in floating point

    def tau(self, height: int, width: int) -> float:
        """The largest roughness that counts as smooth in a latent of this size."""
        return threshold(self.k, self.fpr, height * width if self.standardise else None)

    def null_ratio(self, channels: int) -> float:
        """The share of windows that white noise has flagged: ``P(Bin(C, FPR) >= m)``."""
        return float(binom.sf(self.required(channels) - 1, channels, self.fpr))

    def flags(self, latent: Tensor) -> Tensor:
        """Flagged windows of (B, C, H, W): (B, H - k + 1, W - k + 1), bool.

        Raises:
            DataError: If the latent is smaller than a window.
        """
        height, width = latent.shape[2:]
        if min(height, width) < self.k:
            raise DataError(f"a latent of {height}x{width} holds no {self.k}x{self.k} patch: choose a smaller k")
        latent = latent.to(torch.promote_types(latent.dtype, torch.float32))
        tau, per_chunk = self.tau(height, width), max(1, CHUNK // latent[0].numel())
        return torch.cat([self._flags(chunk, tau) for chunk in torch.split(latent, per_chunk)])

    def _flags(self, latent: Tensor, tau: float) -> Tensor:
        rho = roughness(standardised(latent) if self.standardise else latent, self.k)
        return (rho <= tau).sum(dim=1) >= self.required(latent.shape[1])

    def describe(self, shape: tuple[int, int, int]) -> dict[str, float | str]:
        """The test's constants for latents of (C, H, W)."""
        channels, height, width = shape
        return {
            "k": float(self.k),
            "tau": self.tau(height, width),
            "channels needed": float(self.required(channels)),
            "flagged under the null": self.null_ratio(channels),
        }


class PatchScore(MeanScore):
    """What the two orientations share: the test, its mask and its constants."""

    def __init__(self, k: int = 5, fraction: float = 0.5, fpr: float = 0.05, standardise: bool = False) -> None:
        super().__init__()
        self.patch_test = PatchTest(k, fraction, fpr, standardise)
        self.shape: tuple[int, int, int] | None = None

    def reset(self) -> None:
        """Forget every latent, and how large they were."""
        super().reset()
        self.shape = None

    def ratio(self, latent: Tensor) -> Tensor:
        """Share of flagged windows of each sample: (B, C, H, W) -> (B,), float64."""
        check_latent("s-dc", latent)
        flags = self.patch_test.flags(latent)
        self.shape = (latent.shape[1], latent.shape[2], latent.shape[3])
        return flags.double().mean(dim=(-2, -1))

    def mask(self, latent: Tensor) -> Tensor:
        """Flagged windows as an image: (B, C, H, W) -> (B, 1, H - k + 1, W - k + 1), 1 where flagged."""
        check_latent("s-dc", latent)
        return self.patch_test.flags(latent).unsqueeze(1).float()

    def details(self) -> Mapping[str, float | str]:
        return {"N": float(self.count), **(self.patch_test.describe(self.shape) if self.shape else {})}


class AutocorrelatedRatio(PatchScore):
    """Share of latent windows too smooth to be white noise (eq. 36): 0 is best.

    ``update(latent=...)`` takes (B, C, H, W), unit-normalised; ``mask(latent)`` shows which windows are flagged.

    Args:
        k: Side of the windows in pixels.
        fraction: Share of the channels, in (0, 1], that must be smooth for a window to be flagged.
        fpr: False-positive rate of one channel of white noise.
        standardise: Bring every channel to mean 0 and variance 1 first, so that only correlation counts, not scale.
    """

    higher_is_better = False

    def score(self, latent: Tensor) -> Tensor:
        """Ratio of each sample, (B,)."""
        return self.ratio(latent)


class DecorrelationScore(PatchScore):
    """S_DC, one minus the share of latent windows too smooth to be white noise: 1 is best, white noise scores 0.986 (C
    = 4).

    ``update(latent=...)`` takes (B, C, H, W), unit-normalised; ``mask(latent)`` shows which windows are flagged.

    Args:
        k: Side of the windows in pixels.
        fraction: Share of the channels, in (0, 1], that must be smooth for a window to be flagged.
        fpr: False-positive rate of one channel of white noise.
        standardise: Bring every channel to mean 0 and variance 1 first, so that only correlation counts, not scale.
    """

    higher_is_better = True

    def score(self, latent: Tensor) -> Tensor:
        """S_DC of each sample, (B,)."""
        return 1 - self.ratio(latent)
