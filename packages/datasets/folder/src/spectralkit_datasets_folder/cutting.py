"""Pictures of any size as images of one size: cropped, resized or tiled."""

from __future__ import annotations

from typing import Literal

import attrs
import torch
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.pictures.keeping import Kept
from spectralkit.pictures.reading import Opened, Reading
from spectralkit.pictures.views import Pixels, drawn, middle, shrunk
from spectralkit_datasets_folder.split import File

Fit = Literal["crop", "resize", "tile"]
"""The middle of a picture; all of it, its shorter side resized and the middle taken; or tiles side by side."""


@attrs.frozen(eq=False)
class Cutter:
    """Images of files.

    Args:
        reading: How the files are read.
        channels: Of the images.
        fit: How they meet their size.
        kept: What has been read.
    """

    reading: Reading
    channels: int
    fit: Fit
    kept: Kept = attrs.field(factory=Kept)

    def count(self, size: tuple[int, int], side: int, told: str) -> int:
        """How many images of ``side`` a picture of (H, W) is cut into.

        Raises:
            DataError: If it is smaller than one.
        """
        if self.fit != "resize" and min(size) < side:
            raise DataError(
                f"{told} is {size[0]}x{size[1]}, smaller than an image of {side}x{side}: choose fit resize, or a "
                "smaller size"
            )
        return (size[0] // side) * (size[1] // side) if self.fit == "tile" else 1

    def cut(self, file: File, number: int, side: int) -> Tensor:
        """(C, side, side): the image of that number."""
        if self.fit == "resize":
            return middle(self._resized(file, side), side)
        opened = self._opened(file)
        if self.fit == "tile":
            row, column = divmod(number, opened.size[1] // side)
            return opened.image(row * side, column * side, (side, side))
        return middle(opened, side)

    def draw(self, file: File, side: int, rotate: bool, generator: torch.Generator) -> Tensor:
        """(C, side, side): a part at any place, mirrored or not, with ``rotate`` turned by quarters too.

        Raises:
            DataError: If the picture is smaller.
        """
        if self.fit == "resize":
            return drawn(self._resized(file, side), side, generator, rotate=rotate)
        opened = self._opened(file)
        self.count(opened.size, side, f"image {file.path}")
        return drawn(opened, side, generator, rotate=rotate)

    def _opened(self, file: File) -> Opened:
        def opened() -> Opened:
            return self.reading.open(file.path, self.channels)

        return self.kept.get(file.path, opened)

    def _resized(self, file: File, side: int) -> Pixels:
        """The whole of it, its shorter side ``side``."""

        def resized() -> Pixels:
            return Pixels(shrunk(self.reading.read(file.path, self.channels), side))

        return self.kept.get((file.path, side), resized)
