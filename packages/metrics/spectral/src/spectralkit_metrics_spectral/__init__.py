"""Spectral scores of latents and images: S_G, S_DC, S_HF, S_LF, and the spectra behind them."""

from spectralkit_metrics_spectral.decorrelation import AutocorrelatedRatio, DecorrelationScore, PatchTest
from spectralkit_metrics_spectral.diagnostics import (
    ExplainedVariance,
    band_energies,
    explained_variance,
    variance_normalised,
    velocity_map,
)
from spectralkit_metrics_spectral.gaussianity import Gaussianity, GaussianityScore, gaussianity
from spectralkit_metrics_spectral.highfrequency import HighFrequencyScore, Reference, measure
from spectralkit_metrics_spectral.lowfrequency import LowFrequencyScore, TargetLowFrequencyScore, low_frequency_score
from spectralkit_metrics_spectral.roughness import exact_threshold, roughness, roughness_cdf
from spectralkit_metrics_spectral.spectrum import frequencies, power_spectrum, spectral_slope

__all__ = [
    "AutocorrelatedRatio",
    "DecorrelationScore",
    "ExplainedVariance",
    "Gaussianity",
    "GaussianityScore",
    "HighFrequencyScore",
    "LowFrequencyScore",
    "PatchTest",
    "Reference",
    "TargetLowFrequencyScore",
    "band_energies",
    "exact_threshold",
    "explained_variance",
    "frequencies",
    "gaussianity",
    "low_frequency_score",
    "measure",
    "power_spectrum",
    "roughness",
    "roughness_cdf",
    "spectral_slope",
    "variance_normalised",
    "velocity_map",
]
