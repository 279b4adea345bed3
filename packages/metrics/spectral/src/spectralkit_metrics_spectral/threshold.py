"""tau: the roughness below which a patch counts as smooth, calibrated by seeded Monte Carlo on white noise.

tau depends on the window's side and the false-positive rate alone; channels enter only through how many must be smooth.
Where channels are standardised first, the patch is divided by the standard deviation of its whole channel, of which it
is a part, and tau then depends on the number of pixels too. The rest of the channel enters that standard deviation
through its mean and its sum of squares only, which are drawn directly, so that every trial is one independent channel.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from spectralkit_metrics_spectral.cache import recall_or
from spectralkit_metrics_spectral.roughness import roughness

PATCHES = 2**20
CHUNK = 2**16
SEED = 42
VERSION = 1


def threshold(k: int, fpr: float, pixels: int | None = None) -> float:
    """The threshold of a k x k window, from the cache where it is known.

    Args:
        k: Side of the window.
        fpr: Probability that white noise of unit variance falls on or below the threshold.
        pixels: ``H W`` of channels that are standardised; None where they are not.
    """
    key = {"k": k, "fpr": fpr, "pixels": pixels, "patches": PATCHES, "seed": SEED, "version": VERSION}
    return recall_or(lambda: {"tau": calibrate(k, fpr, pixels)}, "roughness-threshold", key)["tau"]


def calibrate(k: int, fpr: float, pixels: int | None = None) -> float:
    """The threshold by simulation: the ``fpr`` quantile of ``PATCHES`` independent white patches."""
    rho = torch.cat(list(_null_roughness(k, pixels)))
    return float(rho.kthvalue(round(fpr * rho.numel())).values)


def _null_roughness(k: int, pixels: int | None) -> Iterator[Tensor]:
    random = np.random.default_rng(SEED)
    for _ in range(PATCHES // CHUNK):
        patch = random.standard_normal((CHUNK, 1, k, k), dtype=np.float32)
        rho = roughness(torch.from_numpy(patch), k).flatten()
        yield rho if pixels is None else rho / torch.from_numpy(_channel_variance(patch, pixels, random))


def _channel_variance(patch: np.ndarray, pixels: int, random: np.random.Generator) -> np.ndarray:
    """Variance of a white channel of ``pixels`` values that contains the patch."""
    flat = patch.reshape(len(patch), -1)
    inside, outside = flat.shape[1], pixels - flat.shape[1]
    squares = flat.var(axis=1) * inside
    if outside:
        gap = flat.mean(axis=1) - random.standard_normal(len(flat)) / np.sqrt(outside)
        squares = squares + gap**2 * inside * outside / pixels
    if outside > 1:
        squares = squares + random.chisquare(outside - 1, len(flat))
    return np.asarray(squares / pixels, dtype=np.float32)
