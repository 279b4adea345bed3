"""The tiles of image files: cut, translated in batches whatever file they belong to, and told apart by their ids."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs
import torch
from torch import Tensor

from spectralkit.inversion.parts import Parts
from spectralkit.models.model import Model
from spectralkit.models.result import Output
from spectralkit.pictures.finding import Input
from spectralkit.pictures.reading import Reading
from spectralkit.running.batch import translate_batch
from spectralkit.running.config import RunConfig
from spectralkit.running.tiling import Fitting
from spectralkit.running.watch import Pace


@attrs.frozen(eq=False)
class Tile:
    """One image of the model's size.

    Args:
        input: The file it is part of.
        number: Its place among that file's tiles.
        pixels: (C, h, w) in [0, 1].
        latent: Where it was inverted to, once it is translated.
    """

    input: Input
    number: int
    pixels: Tensor
    latent: Tensor | None = None

    @property
    def id(self) -> str:
        """Keys its noise: the file's name, with the subfolders that were opened, and the number."""
        return f"{os.fsencode(str(self.input.place)).decode('utf-8', errors='backslashreplace')}#{self.number}"


@attrs.frozen(eq=False)
class Work:
    """What is done to image files.

    Args:
        reading: How they are read.
        upsample: Factor by which they are enlarged first.
        options: Of the translation.
        conditions: Source and target.
        model: What translates.
        method: How.
    """

    reading: Reading
    upsample: int
    options: RunConfig
    conditions: tuple[str, str]
    model: Model
    method: Parts

    def translate(self, fittings: Mapping[Input, Fitting], pace: Pace) -> Iterator[Tile]:
        """The translated tiles of all images, by how each meets the model, in order."""
        tiles = (
            Tile(one, number, pixels)
            for one, fitting in fittings.items()
            for number, pixels in enumerate(fitting.cut(self._read(one)))
        )
        size = min(self.options.batch_size, sum(map(len, fittings.values())))
        while batch := list(itertools.islice(tiles, size)):
            output = self._translate(batch, pace.advance)
            pace.finish_batch()
            for tile, pixels, latent in zip(batch, output.images.cpu(), output.latent.float().cpu(), strict=True):
                yield attrs.evolve(tile, pixels=pixels, latent=latent)

    def _read(self, one: Input) -> Tensor:
        """(C, H, W), enlarged."""
        image = self.reading.read(one.path, self.model.shape[0])
        return image.repeat_interleave(self.upsample, dim=-2).repeat_interleave(self.upsample, dim=-1)

    def _translate(self, tiles: Sequence[Tile], advance: Callable[[], None]) -> Output:
        return translate_batch(
            self.model,
            self.method,
            torch.stack([tile.pixels for tile in tiles]),
            [tile.id for tile in tiles],
            conditions=self.conditions,
            options=self.options,
            advance=advance,
        )
