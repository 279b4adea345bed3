"""Pictures of any size as images of one size: cropped, resized or tiled."""

from __future__ import annotations

from typing import Literal

import attrs
import torch
from torch import Tensor

from spectralkit.pictures.keeping import Kept
from spectralkit.pictures.reading import Opened, Reading
from spectralkit.pictures.views import Pixels, View, check_size, drawn, middle, resized
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
        if self.fit != "resize":
            check_size(size, side, told)
        return (size[0] // side) * (size[1] // side) if self.fit == "tile" else 1

    def cut(self, file: File, number: int, side: int) -> Tensor:
        """(C, side, side): the image of that number."""
        view = self._view(file, side)
        if self.fit == "tile":
            row, column = divmod(number, view.size[1] // side)
            return view.image(row * side, column * side, (side, side))
        return middle(view, side)

    def draw(self, file: File, side: int, rotate: bool, generator: torch.Generator) -> Tensor:
        """(C, side, side): a part at any place, mirrored or not, with ``rotate`` turned by quarters too.

        Raises:
            DataError: If the picture is smaller.
        """
        view = self._view(file, side)
        self.count(view.size, side, f"image {file.path}")
        return drawn(view, side, generator, rotate=rotate)

    def _view(self, file: File, side: int) -> View:
        """What images of ``side`` are cut of."""

        def opened() -> Opened:
            return self.reading.open(file.path, self.channels)

        def fitted() -> Pixels:
            return resized(opened(), side, f"image {file.path}")

        return self.kept.get((file.path, side), fitted) if self.fit == "resize" else self.kept.get(file.path, opened)
