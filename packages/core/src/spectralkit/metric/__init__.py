"""The face of those who write a metric, and of those who use one alone."""

from spectralkit.metric.inputs import check_images, check_latent, check_parameters, check_tensor
from spectralkit.metric.loading import build_metric, load_metric
from spectralkit.metric.score import MeanScore, Score
from spectralkit.metric.targets import GivenTargets, Targets, real_images

__all__ = [
    "GivenTargets",
    "MeanScore",
    "Score",
    "Targets",
    "build_metric",
    "check_images",
    "check_latent",
    "check_parameters",
    "check_tensor",
    "load_metric",
    "real_images",
]
