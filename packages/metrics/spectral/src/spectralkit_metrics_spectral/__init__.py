"""Spectral scores of latents and images: S_G, S_DC, S_HF, S_LF."""

from spectralkit_metrics_spectral.decorrelation import AutocorrelatedRatio, DecorrelationScore, PatchTest
from spectralkit_metrics_spectral.gaussianity import Gaussianity, GaussianityScore, gaussianity
from spectralkit_metrics_spectral.highfrequency import HighFrequencyScore, Reference, measure
from spectralkit_metrics_spectral.lowfrequency import LowFrequencyScore, TargetLowFrequencyScore, low_frequency_score
from spectralkit_metrics_spectral.roughness import exact_threshold, roughness, roughness_cdf

__all__ = [
    "AutocorrelatedRatio",
    "DecorrelationScore",
    "Gaussianity",
    "GaussianityScore",
    "HighFrequencyScore",
    "LowFrequencyScore",
    "PatchTest",
    "Reference",
    "TargetLowFrequencyScore",
    "exact_threshold",
    "gaussianity",
    "low_frequency_score",
    "measure",
    "roughness",
    "roughness_cdf",
]
