"""How good pictures are: the distance of their features to those of real ones."""

from __future__ import annotations

from typing import cast

import attrs
import torch
from torch import Tensor

from spectralkit.data import TrainingSet
from spectralkit.errors import ConfigurationError
from spectralkit.metric import Score, load_metric
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit_models_training.config import TrainingConfig

NONE = "none"
"""What is asked for where nothing is to be scored."""

REAL = 256
"""Training crops that pictures are compared with."""


@attrs.frozen(eq=False)
class Yardstick:
    """Scores pictures against random training crops.

    Args:
        name: The metric's.
        metric: What measures; None where nothing is scored.
    """

    name: str
    metric: Score | None

    @classmethod
    def of(cls, config: TrainingConfig, data: TrainingSet, domain: int) -> Yardstick:
        """The metric that a configuration asks for, against crops of the ``domain``.

        Raises:
            ConfigurationError: If the metric compares with something else than real images.
            UnknownNameError: If there is none of that name, except the default one.
        """
        name, default = config.score, attrs.fields_dict(TrainingConfig)["score"].default
        if name == NONE or (name == default and name not in registry().names("metric")):
            return cls(name, None)
        real = data.draw([domain] * REAL, config.size, torch.Generator().manual_seed(config.seed))
        if name == default and real.shape[1] != 3:
            return cls(name, None)
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        if spec.inputs != ("generated",) or spec.facts != ("targets",):
            raise ConfigurationError(
                f"metric '{name}' does not compare pictures with real ones: choose another --score"
            )
        # One process of several scores, so there is nobody to be in step with.
        return cls(name, load_metric(name, targets=real, sync_on_compute=False))

    def scores(self, images: Tensor) -> dict[str, float]:
        """Of (N, C, H, W) pictures in [0, 1], by the metric's name; nothing where there is no metric."""
        if self.metric is None:
            return {}
        self.metric.reset()
        self.metric.update(generated=images)
        return {self.name: float(self.metric.compute())}
