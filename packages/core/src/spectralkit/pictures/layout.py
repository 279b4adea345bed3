"""What a file says of its picture before a pixel is decoded, and what is refused for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.errors import DataError
from spectralkit.plugins.text import counted

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
"""What is read."""

MOST_PIXELS = 1 << 26
"""Larger images are refused: 67 million pixels in three channels of float32 take 0.8 GB."""

MOST_VALUES = 4 * MOST_PIXELS
"""Pixels times channels that are decoded at once."""

Frame = int | Literal["all"]
"""Which image of a stack: its number from 0, or all of them as channels of one."""

Depth = Literal[8, 16]
"""Bits a channel, of what is written."""

Pixels = NDArray[Any]
"""Of any real type."""

Colours = Literal["grey", "rgb", "channels", "other"]
"""What channels are as they lie in a file: one grey; red, green and blue; several of equal rank; or to be chosen."""

_WANTED: dict[int, tuple[Colours, str]] = {1: ("grey", "greyscale"), 3: ("rgb", "RGB")}


@attrs.frozen
class Layout:
    """A picture that has not been decoded.

    Args:
        path: Its file.
        told: What a person calls it, a predicate: ``is greyscale of 8 bits``.
        size: (H, W) as stored, before it is turned upright.
        colours: What its channels are; ``other`` ones (transparency, palettes) must be chosen.
        channels: Of one image.
        frames: How many images the file holds.
        is_deep: Whether a channel has more than 8 bits.
    """

    path: Path
    told: str
    size: tuple[int, int]
    colours: Colours
    channels: int
    frames: int
    is_deep: bool

    def shown(self, frame: Frame | None) -> tuple[Colours, int]:
        """What the channels of a chosen image are, and how many; the pages of ``all`` are channels each."""
        if frame == "all" and self.frames > 1:
            return ("channels" if self.colours != "other" else "other"), self.channels * self.frames
        return self.colours, self.channels

    def check(self, frame: Frame | None) -> None:
        """Refuse what is too large, and a stack of which none or no existing image is chosen.

        Raises:
            DataError: Saying what to do.
        """
        height, width = self.size
        if height * width > MOST_PIXELS:
            raise too_large(self.path, f" of {width}x{height}")
        images = self.frames if frame == "all" else 1
        if (values := height * width * self.channels * images) > MOST_VALUES:
            raise DataError(
                f"image {self.path} of {width}x{height} has {values} values in its channels, and at most "
                f"{MOST_VALUES} are read: choose a frame or crop it"
            )
        if self.frames > 1 and frame is None:
            raise DataError(
                f"image {self.path} holds {self.frames} images: choose one by its frame, 0 to {self.frames - 1}, "
                "take 'all' as channels, or save them as files of their own"
            )
        if isinstance(frame, int) and not 0 <= frame < self.frames:
            known = "holds one image, leave it out" if self.frames == 1 else f"choose one from 0 to {self.frames - 1}"
            raise DataError(f"image {self.path} has no frame {frame}: {known}")


@attrs.frozen(eq=False)
class Decoded:
    """The pixels of a picture, upright, as they are stored.

    Args:
        pixels: (H, W, C), of whatever real type.
        layout: What the file said.
    """

    pixels: Pixels
    layout: Layout


def wanted(channels: int) -> tuple[Colours, str]:
    """What images of so many channels are taken from unasked, and what a person calls them."""
    return _WANTED.get(channels, ("channels", f"an image of {channels} channels"))


def too_large(path: Path, size: str = "") -> DataError:
    """The refusal of a file that would be decoded to too many pixels."""
    return DataError(f"image {path}{size} is too large: crop it to at most {MOST_PIXELS} pixels")


def kind_of(dtype: np.dtype[np.generic], channels: int, colours: Colours) -> str:
    """What a person calls pixels of that type, a predicate."""
    if dtype.kind == "f":
        numbers = "in floating-point numbers"
    elif dtype.itemsize > 2 or dtype.kind == "i":
        numbers = f"in whole numbers of {8 * dtype.itemsize} bits"
    else:
        numbers = f"of {8 * dtype.itemsize} bits"
    if colours in ("grey", "rgb"):
        return f"is {wanted(channels)[1]} {numbers}"
    return f"has {counted(channels, 'channel')} {numbers}"


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """(H, W, C) as a viewer shows it, by the orientation 1 to 8 of EXIF and TIFF; others change nothing."""
    if orientation in (5, 6, 7, 8):  # rows and columns change places
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
