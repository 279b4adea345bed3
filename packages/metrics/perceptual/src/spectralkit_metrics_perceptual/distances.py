"""The registered distribution distances: a distance, a feature network and the data set's real target images."""

from __future__ import annotations

from spectralkit.metric import GivenTargets
from spectralkit_metrics_perceptual.frechet import FrechetDistance
from spectralkit_metrics_perceptual.inception import InceptionFeatures
from spectralkit_metrics_perceptual.kernel import KernelDistance
from spectralkit_metrics_perceptual.lite0 import Lite0Features


def fid(targets: GivenTargets) -> FrechetDistance:
    """Fréchet Inception distance to real target images.

    Args:
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.

    Raises:
        DataError: If the Inception weights are absent or corrupt.
    """
    return FrechetDistance("fid", InceptionFeatures(), targets)


def kid(targets: GivenTargets) -> KernelDistance:
    """Kernel Inception distance to real target images.

    Args:
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.

    Raises:
        DataError: If the Inception weights are absent or corrupt.
    """
    return KernelDistance("kid", InceptionFeatures(), targets)


def fd_lite0(targets: GivenTargets) -> FrechetDistance:
    """Fréchet distance of EfficientNet-Lite0 features to real target images; not comparable with FID.

    Args:
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.
    """
    return FrechetDistance("fd-lite0", Lite0Features(), targets)


def kd_lite0(targets: GivenTargets) -> KernelDistance:
    """Kernel distance of EfficientNet-Lite0 features to real target images; not comparable with KID.

    Args:
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.
    """
    return KernelDistance("kd-lite0", Lite0Features(), targets)
