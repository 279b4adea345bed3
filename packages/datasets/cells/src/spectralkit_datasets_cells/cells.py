"""Cells to be made from their sketches, as a data set and as training data without end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import torch
from torch import Tensor

from spectralkit.data import Sample, Structure
from spectralkit.errors import ConfigurationError
from spectralkit_datasets_cells.render import SHOWN, micrograph, sketch
from spectralkit_datasets_cells.scene import scene

SKETCH, TARGET = "sketch", "cells"
TRAINING = 128
"""Training images of a domain that metrics compare with."""


@attrs.frozen
class Scenes:
    """Scenes by what they are for and their number; no two are alike.

    Args:
        seed: Of all of them.
        channels: Of the images.
    """

    seed: int
    channels: int

    def __attrs_post_init__(self) -> None:
        if self.channels not in SHOWN:
            raise ConfigurationError(f"channels {self.channels} are impossible for data set cells: choose 1, 2, 3 or 4")

    def show(self, use: str, number: int, size: int, domain: int) -> Tensor:
        """The sketch (domain 0) or the micrograph (domain 1) of a scene, (channels, size, size)."""
        random = np.random.default_rng(list(hashlib.sha256(f"{self.seed}/{use}/{number}".encode()).digest()))
        cells = scene(size, random)
        if domain == 0:
            return sketch(cells, size, self.channels)
        return micrograph(cells, size, self.channels, random)


@attrs.frozen
class Cells:
    """Sketches of cells, to be translated into fluorescence micrographs.

    Args:
        size: Side of the images, at least 8; a larger one shows more cells.
        channels: 1 shows nuclei, 2 cytoplasm too, 3 filaments too (filaments red, cytoplasm green, nuclei blue), 4
            spots too; files and models of pictures have 1 or 3.
        count: How many samples.
        seed: Of all scenes; another gives another data set.
    """

    size: int = 64
    channels: int = 3
    count: int = 64
    seed: int = 0
    scenes: Scenes = attrs.field(init=False, repr=False)
    name: str = attrs.field(default="cells", init=False)
    source: str = attrs.field(default=SKETCH, init=False)
    target: str = attrs.field(default=TARGET, init=False)
    structure: Structure = attrs.field(default="masked-grey", init=False)

    @scenes.default
    def _scenes(self) -> Scenes:
        return Scenes(self.seed, self.channels)

    def __attrs_post_init__(self) -> None:
        check_size(self.size)
        if self.count < 1:
            raise ConfigurationError(f"count of data set cells must be at least 1, got {self.count}")

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, self.size, self.size)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < self.count:
            raise IndexError(index)
        drawn, seen = (self.scenes.show("sample", index, self.size, domain) for domain in (0, 1))
        return Sample(f"scene-{index:04}", drawn, seen)

    def sources(self) -> Iterator[Tensor]:
        return (self.scenes.show("source", i, self.size, 0) for i in range(TRAINING))

    def targets(self) -> Iterator[Tensor]:
        return (self.scenes.show("target", i, self.size, 1) for i in range(TRAINING))


@attrs.frozen
class CellsTraining:
    """New scenes without end, each shown in one domain.

    Args:
        channels: As of :class:`Cells`.
        seed: As of :class:`Cells`.
    """

    channels: int = 3
    seed: int = 0
    scenes: Scenes = attrs.field(init=False, repr=False)
    conditions: tuple[str, ...] = attrs.field(default=(SKETCH, TARGET), init=False)

    @scenes.default
    def _scenes(self) -> Scenes:
        return Scenes(self.seed, self.channels)

    @property
    def digest(self) -> str:
        """SHA-256 of the first scenes, which stand for the rules behind them all."""
        images = torch.stack([self.scenes.show("drawn", i, 64, domain) for i in range(8) for domain in (0, 1)])
        return hashlib.sha256((images * 255).round().byte().numpy().tobytes()).hexdigest()

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        """As :meth:`spectralkit.data.TrainingSet.draw`."""
        check_size(size)
        numbers = torch.randint(2**62, (len(domains),), generator=generator).tolist()
        return torch.stack([self.scenes.show("drawn", n, size, d) for d, n in zip(domains, numbers, strict=True)])


def check_size(size: int) -> None:
    """Refuse images in which nothing is to be seen."""
    if size < 8:
        raise ConfigurationError(f"size {size} is impossible for data set cells: choose at least 8")
