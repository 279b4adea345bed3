"""Pictures of any size as images of one size: cropped, resized or tiled."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal, TypeVar, cast

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from spectralkit.errors import DataError
from spectralkit.pictures.reading import Opened, Reading
from spectralkit_datasets_folder.split import File

Fit = Literal["crop", "resize", "tile"]
"""The middle of a picture; all of it, its shorter side resized and the middle taken; or tiles side by side."""

BUDGET = 1 << 29
"""Bytes of decoded pictures that are kept; of a larger folder the rest is decoded anew each time."""

T = TypeVar("T")


@attrs.define(eq=False)
class Kept:
    """What has been read, as far as it fits; what came first stays, as good as any choice for random access.

    Args:
        budget: Bytes.
    """

    budget: int = BUDGET
    held: dict[Hashable, object] = attrs.field(factory=dict, init=False, repr=False)

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """What ``make`` gave for ``key``, or gives."""
        if key in self.held:
            return cast(T, self.held[key])
        made = make()
        if (left := self.budget - size(made)) >= 0:
            self.budget, self.held[key] = left, made
        return made


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
            whole = self._resized(file, side)
            y, x = ((length - side) // 2 for length in whole.shape[-2:])
            return whole[:, y : y + side, x : x + side]
        opened = self._opened(file)
        height, width = opened.size
        if self.fit == "tile":
            row, column = divmod(number, width // side)
            return opened.image(row * side, column * side, (side, side))
        return opened.image((height - side) // 2, (width - side) // 2, (side, side))

    def draw(self, file: File, side: int, rotate: bool, generator: torch.Generator) -> Tensor:
        """(C, side, side): a part at any place, mirrored or not, with ``rotate`` turned by quarters too.

        Raises:
            DataError: If the picture is smaller.
        """

        def below(bound: int) -> int:
            return int(torch.randint(bound, (), generator=generator))

        if self.fit == "resize":
            whole = self._resized(file, side)
            y, x = (below(length - side + 1) for length in whole.shape[-2:])
            image = whole[:, y : y + side, x : x + side]
        else:
            opened = self._opened(file)
            self.count(opened.size, side, f"image {file.path}")
            y, x = (below(length - side + 1) for length in opened.size)
            image = opened.image(y, x, (side, side))
        if below(2):
            image = image.flip(-1)
        return torch.rot90(image, below(4), (-2, -1)) if rotate else image

    def _opened(self, file: File) -> Opened:
        def opened() -> Opened:
            return self.reading.open(file.path, self.channels)

        return self.kept.get(file.path, opened, lambda found: found.pixels.nbytes)

    def _resized(self, file: File, side: int) -> Tensor:
        """(C, h, w), the shorter of them ``side``: bilinear with antialiasing."""

        def resized() -> Tensor:
            whole = self.reading.read(file.path, self.channels)
            height, width = (max(side, round(n * side / min(whole.shape[-2:]))) for n in whole.shape[-2:])
            shrunk = functional.interpolate(whole[None], (height, width), mode="bilinear", antialias=True)
            return shrunk[0].clamp(0, 1)

        return self.kept.get((file.path, side), resized, lambda image: 4 * image.numel())
