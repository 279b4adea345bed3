"""The contract of a metric, and the mean of per-sample scores that most metrics are.

A metric is a :class:`torchmetrics.Metric`: ``update`` takes the inputs its spec declares, by keyword; ``compute``
returns the score. A metric that has a value per sample subclasses :class:`MeanScore` and writes only ``score``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor

from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()

from torchmetrics import Metric  # noqa: E402  (importable only after the repair)


class Score(Metric, ABC):
    """A metric of this toolkit.

    ``details`` are the numbers a reader needs beside the score (N, a p-value, a reference statistic with its range).
    """

    full_state_update = False

    values: Tensor | None = None
    """Per-sample values (B,) of the latest update, or None for a metric of the whole data set."""

    def details(self) -> Mapping[str, float | str]:
        """Numbers to print beside the score."""
        return {}


class MeanScore(Score):
    """The mean of a per-sample score; its state is a sum and a count, whatever the number of samples."""

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    @abstractmethod
    def score(self, **inputs: Tensor) -> Tensor:
        """Per-sample values (B,)."""

    def update(self, **inputs: Tensor) -> None:
        self.values = self.score(**inputs)
        self.total += self.values.double().sum()
        self.count += self.values.numel()

    def compute(self) -> Tensor:
        if self.count == 0:
            raise DataError(f"{type(self).__name__} has seen no sample: call update first")
        return self.total / self.count


def check_images(metric: str, **images: Tensor) -> None:
    """Refuse images that are not finite (B, C, H, W) in [0, 1], by name."""
    for name, image in images.items():
        low, high = _bounds(metric, name, image)
        if low < 0 or high > 1:
            raise DataError(f"{metric}: {name} must lie in [0, 1], got [{low:.4g}, {high:.4g}]: clamp or rescale it")


def check_latent(metric: str, latent: Tensor) -> None:
    """Refuse latents that are not finite (B, C, H, W)."""
    _bounds(metric, "latent", latent)


def _bounds(metric: str, name: str, batch: Tensor) -> tuple[float, float]:
    """Smallest and largest value of a finite batch."""
    if batch.ndim != 4:
        raise DataError(f"{metric}: {name} must be (B, C, H, W), got {tuple(batch.shape)}")
    if not batch.numel():
        raise DataError(f"{metric}: {name} is empty, {tuple(batch.shape)}: pass at least one sample")
    if not batch.is_floating_point():
        raise DataError(
            f"{metric}: {name} holds {batch.dtype}: convert it to floating point, 8-bit values divided by 255"
        )
    low, high = torch.stack(torch.aminmax(batch)).tolist()  # NaN propagates, so that one pass sees everything
    if not (math.isfinite(low) and math.isfinite(high)):
        raise NonFiniteError(f"{metric}: {name} holds NaN or infinity")
    return low, high


def load_metric(name: str, /, *, dataset: TranslationDataset | None = None, **parameters: Any) -> Score:
    """The metric registered as ``name``.

    Args:
        name: A registered name.
        dataset: Where the metric finds the facts it needs (real target images, how structure is compared).
        **parameters: The metric's own.

    Raises:
        SpectralkitError: If there is none, a parameter is wrong, or the metric needs a data set.
    """
    return build_metric(name, parameters, dataset=dataset)


def build_metric(name: str, parameters: Mapping[str, Any], *, dataset: TranslationDataset | None) -> Score:
    """:func:`load_metric` for parameters that somebody typed, whatever they are called."""
    spec = cast(MetricSpec, registry().resolve("metric", name).spec)
    if spec.facts and dataset is None:
        raise ConfigurationError(f"metric '{name}' needs {' and '.join(spec.facts)} of a data set: pass dataset=")
    facts = {fact: getattr(dataset, fact) for fact in spec.facts}
    return cast(Score, registry().build("metric", name, facts, **parameters))
