"""The images that results are held against: sources, references, real crops, and what an autoencoder makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

import attrs
import torch
from torch import Tensor

from pages.reproduction.measures import Measures, features_of
from pages.reproduction.settings import Setting
from spectralkit.api import decode, encode
from spectralkit.models.model import Model, PixelCodec
from spectralkit_datasets_ihc import Ihc, IhcTraining
from spectralkit_metrics_image import psnr_values
from spectralkit_metrics_spectral import HighFrequencyScore, low_frequency_score

SEED = 42
RECONSTRUCTIONS = "the autoencoder's reconstructions of them"


@attrs.frozen
class Images:
    """Images that no inversion has made.

    Args:
        told: Which images.
        measures: Of them.
        scores: By metric's name.
    """

    told: str
    measures: Measures
    scores: dict[str, float]


@cache
def real_features() -> Tensor:
    """Features (M, d) of the data set's real target images, crops of the trained tiles; the same in every setting."""
    return features_of(torch.stack(list(Ihc().targets())))


@attrs.define(eq=False, slots=False)
class Scene:
    """The first ``count`` samples of a setting, and the real images of its target domain.

    Args:
        setting: Which.
        count: N.
    """

    setting: Setting
    count: int

    @cached_property
    def dataset(self) -> Ihc:
        """The data set."""
        return self.setting.dataset()

    @cached_property
    def ids(self) -> list[str]:
        """Of the samples."""
        return [self.dataset[i].id for i in range(self.count)]

    @cached_property
    def sources(self) -> Tensor:
        """(N, 3, H, W)."""
        return torch.stack([self.dataset[i].source for i in range(self.count)])

    @cached_property
    def references(self) -> Tensor:
        """(N, 3, H, W), the real images that the sources were made of."""
        return torch.stack([x for i in range(self.count) if (x := self.dataset[i].reference) is not None])

    @cached_property
    def detail(self) -> HighFrequencyScore:
        """S_HF of pixels in [0, 1], which is not compressed as that of [0, 255]."""
        return HighFrequencyScore(self.dataset.targets, pixel_range=1.0)

    @cached_property
    def range_255(self) -> HighFrequencyScore:
        """The paper's S_HF."""
        return HighFrequencyScore(self.dataset.targets)

    @property
    def real(self) -> Tensor:
        """Features (M, d) of the real images that distances are to."""
        return real_features()

    @cached_property
    def power(self) -> Tensor:
        """(O,), mean ln power of the references in every octave."""
        return self.reference.measures.power.mean(0)

    @cached_property
    def reference(self) -> Images:
        """Of the references."""
        return self._yardstick("held-out references", self.references)

    @cached_property
    def source(self) -> Images:
        """Of the sources."""
        return self._yardstick("sources", self.sources)

    @cached_property
    def crop(self) -> Images:
        """Of real crops of the trained tiles, at other places than those that distances are to."""
        training = IhcTraining()
        domain = training.conditions.index(self.dataset.target)
        drawn = training.draw([domain] * self.count, self.dataset.size, torch.Generator().manual_seed(SEED))
        return self._yardstick("real training crops, at other places", drawn, paired=False)

    def yardsticks(self, model: Model) -> Iterator[Images]:
        """Of real crops, references, what the model's autoencoder makes of them, and sources."""
        yield self.crop
        yield self.reference
        if not isinstance(model.codec, PixelCodec):
            made = decode(model, encode(model, self.references, seed=SEED, ids=self.ids))
            yield self._yardstick(RECONSTRUCTIONS, made.cpu().float())
        yield self.source

    def _yardstick(self, told: str, images: Tensor, *, paired: bool = True) -> Images:
        scores = {"s-hf": float(self.range_255.score(images).mean())}
        if paired:
            structure = self.dataset.structure
            scores["s-lf"] = float(low_frequency_score(images, self.sources, structure).mean())
            scores["psnr"] = float(psnr_values(images, self.references).mean())
        return Images(told, Measures.of(images, self.detail), scores)
