"""Perceptual metrics: LPIPS, FID, KID, and the same distances on EfficientNet-Lite0 features.

Names are imported from their modules when first used: the command ``spectralkit weights`` needs none of the networks.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spectralkit_metrics_perceptual.distances import fd_lite0, fid, kd_lite0, kid
    from spectralkit_metrics_perceptual.features import Features
    from spectralkit_metrics_perceptual.frechet import FrechetDistance, RankDeficiencyWarning, frechet_distance
    from spectralkit_metrics_perceptual.inception import InceptionFeatures
    from spectralkit_metrics_perceptual.kernel import KernelDistance, kernel_distance
    from spectralkit_metrics_perceptual.lite0 import Lite0Features
    from spectralkit_metrics_perceptual.lpips import LPIPS

_HOME = {
    "LPIPS": "lpips",
    "Features": "features",
    "FrechetDistance": "frechet",
    "InceptionFeatures": "inception",
    "KernelDistance": "kernel",
    "Lite0Features": "lite0",
    "RankDeficiencyWarning": "frechet",
    "fd_lite0": "distances",
    "fid": "distances",
    "frechet_distance": "frechet",
    "kd_lite0": "distances",
    "kernel_distance": "kernel",
    "kid": "distances",
}

__all__ = [
    "LPIPS",
    "Features",
    "FrechetDistance",
    "InceptionFeatures",
    "KernelDistance",
    "Lite0Features",
    "RankDeficiencyWarning",
    "fd_lite0",
    "fid",
    "frechet_distance",
    "kd_lite0",
    "kernel_distance",
    "kid",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
