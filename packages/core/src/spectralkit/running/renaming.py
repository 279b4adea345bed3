"""A data set whose domains go by the names of a model's conditions."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from torch import Tensor

from spectralkit.data import Sample, Structure, TranslationDataset


@attrs.frozen(eq=False)
class Renamed:
    """The same images under other conditions.

    Args:
        dataset: Whose images.
        source: Condition of its sources.
        target: Condition of its targets.
    """

    dataset: TranslationDataset
    source: str
    target: str

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.dataset.shape

    @property
    def structure(self) -> Structure:
        return self.dataset.structure

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:
        return self.dataset[index]

    def sources(self) -> Iterator[Tensor]:
        return self.dataset.sources()

    def targets(self) -> Iterator[Tensor]:
        return self.dataset.targets()
