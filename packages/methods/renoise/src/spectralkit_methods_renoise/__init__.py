"""ReNoise for spectralkit."""

from spectralkit_methods_renoise.correction import NoiseCorrection, correct_noise
from spectralkit_methods_renoise.regularisation import Regularisation, autocorrelation_gradient, kl_gradient
from spectralkit_methods_renoise.renoise import FixedPointStep, renoise

__all__ = [
    "FixedPointStep",
    "NoiseCorrection",
    "Regularisation",
    "autocorrelation_gradient",
    "correct_noise",
    "kl_gradient",
    "renoise",
]
