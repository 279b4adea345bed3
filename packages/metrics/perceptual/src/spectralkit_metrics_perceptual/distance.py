"""What the distances between the features of generated and of real images have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

import torch
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.metric import GivenTargets, Score, check_images, real_images
from spectralkit_metrics_perceptual.features import Features

BATCH = 32


class FeatureDistance(Score):
    """A distance between the features of generated images and of real images of the target domain.

    The real images are read once, at the first ``compute``; every process reads them all, and only what is kept of the
    generated images is reduced.

    Args:
        name: What messages call the metric.
        features: The network.
        targets: Real target images, (C, H, W) in [0, 1]: a function that gives them, a batch, or one by one.
    """

    higher_is_better = False

    def __init__(self, name: str, features: Features, targets: GivenTargets) -> None:
        super().__init__()
        self.name, self.features, self.targets = name, features, real_images(name, targets)
        self.facts: dict[str, float | str] = {}

    def reset(self) -> None:
        """Forget the generated images; the real ones stay read."""
        super().reset()
        self.facts = {}

    def details(self) -> Mapping[str, float | str]:
        """How many images the last ``compute`` saw, and what is to be said of so many."""
        return self.facts

    def features_of(self, generated: Tensor) -> Tensor:
        """Feature vectors (B, d) of generated images, (B, 1 or 3, H, W) in [0, 1]."""
        check_images(self.name, generated=generated)
        return self._vectors(generated)

    def features_of_targets(self, device: torch.device) -> Iterator[Tensor]:
        """Feature vectors (B, d) of the real images, at most 32 at a time.

        Args:
            device: Where the network is.

        Raises:
            DataError: On images outside [0, 1] or of a wrong shape.
            NonFiniteError: On NaN or infinity.
        """
        images = self.targets()
        while batch := list(islice(images, BATCH)):
            yield self._vectors(torch.stack(batch).to(device))

    def _vectors(self, images: Tensor) -> Tensor:
        try:
            vectors: Tensor = self.features(images)
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from error
        return vectors

    def note_counts(self, generated: int, real: int, needing: str) -> None:
        """Keep the numbers of images for the reader, and refuse fewer than the two that a statistic needs."""
        self.facts = {"N generated": generated, "N real": real}
        for kind, count in (("generated", generated), ("real", real)):
            if count < 2:
                raise DataError(f"{self.name}: {needing} needs 2 {kind} images, got {count}")
