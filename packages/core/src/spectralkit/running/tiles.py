"""The tiles of image files: cut, translated in batches whatever file they belong to, and told apart by their ids."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs
import torch
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.inversion.parts import Parts
from spectralkit.models.model import Model
from spectralkit.models.result import Output
from spectralkit.pictures.finding import Input
from spectralkit.pictures.layout import MOST_PIXELS
from spectralkit.pictures.reading import Opened, Reading
from spectralkit.running.batch import translate_batch
from spectralkit.running.config import RunConfig
from spectralkit.running.tiling import Fit, Fitting, fit_to
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


@attrs.frozen
class Checked:
    """An input that was read once.

    Args:
        fitting: How it meets the model.
        limits: Which stored values became 0 and 1, over all channels.
    """

    fitting: Fitting
    limits: tuple[float, float]


@attrs.frozen(eq=False)
class Work:
    """What is done to image files.

    Args:
        reading: How they are read.
        fit: How they meet the model's size.
        upsample: Factor by which they are enlarged first.
        options: Of the translation.
        conditions: Source and target.
        model: What translates.
        method: How.
    """

    reading: Reading
    fit: Fit
    upsample: int
    options: RunConfig
    conditions: tuple[str, str]
    model: Model
    method: Parts

    def check(self, one: Input) -> Checked:
        """How an image meets the model.

        Raises:
            DataError: If it cannot be read, or does not.
        """
        opened = self._open(one)
        height, width = (self.upsample * side for side in opened.size)
        if height * width > MOST_PIXELS:
            raise DataError(
                f"image {one.path} of {opened.size[0]}x{opened.size[1]} would have more than {MOST_PIXELS} pixels, "
                f"enlarged {self.upsample} times: lower --upsample or crop it"
            )
        low, high = opened.limits
        try:
            return Checked(
                fit_to((height, width), self.model.shape[1:], self.fit), (float(low.min()), float(high.max()))
            )
        except DataError as error:
            raise DataError(f"{one.path}: {error}") from error

    def translate(self, checked: Mapping[Input, Checked], pace: Pace) -> Iterator[Tile]:
        """The translated tiles of all images, in order."""
        tiles = (
            Tile(one, number, pixels)
            for one, found in checked.items()
            for number, pixels in enumerate(found.fitting.cut(self._read(one)))
        )
        size = min(self.options.batch_size, sum(len(found.fitting) for found in checked.values()))
        while batch := list(itertools.islice(tiles, size)):
            output = self._translate(batch, pace.advance)
            pace.finish_batch()
            for tile, pixels, latent in zip(batch, output.images.cpu(), output.latent.float().cpu(), strict=True):
                yield attrs.evolve(tile, pixels=pixels, latent=latent)

    def _open(self, one: Input) -> Opened:
        return self.reading.open(one.path, self.model.shape[0])

    def _read(self, one: Input) -> Tensor:
        """(C, H, W), enlarged."""
        image = self._open(one).image()
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
