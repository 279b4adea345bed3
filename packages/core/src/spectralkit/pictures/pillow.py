"""Pictures that Pillow reads faithfully: PNG, JPEG, WebP, BMP, and TIFF of 8 bits; 16-bit colours by imagecodecs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import numpy as np
from PIL import Image, ImageFile, ImageOps

from spectralkit.errors import DataError
from spectralkit.pictures.layout import FORMATS, Colours, Frame, Layout, Pixels, kind_of, upright

_ORIENTATION = 0x0112

_KINDS: dict[str, tuple[str, Colours, int]] = {
    # Pillow's mode: what it is, and the channels that a copy of it has
    "1": ("is black and white", "other", 1),
    "L": ("is greyscale of 8 bits", "grey", 1),
    "LA": ("is greyscale with transparency", "other", 2),
    "P": ("is in indexed colours (a palette)", "other", 3),
    "PA": ("is in indexed colours (a palette) with transparency", "other", 4),
    "RGB": ("is RGB of 8 bits", "rgb", 3),
    "RGBA": ("is RGB with transparency", "other", 4),
    "I": ("is greyscale in whole numbers of 32 bits", "grey", 1),
    "F": ("is greyscale in floating-point numbers", "grey", 1),
}
"""What is read of Pillow's modes, beside those of 16 bits."""

_STRANGE = {
    "CMYK": "in printing colours (CMYK)",
    "YCbCr": "in video colours (YCbCr)",
    "LAB": "in L*a*b* colours",
}

_SHOWN = {"1": "L", "P": "RGB", "PA": "RGBA"}
"""What a mode is converted to; nothing is lost."""


@attrs.frozen(eq=False)
class Plain:
    """An open file.

    Args:
        layout: What it says of its picture.
        image: By Pillow.
    """

    layout: Layout
    image: ImageFile.ImageFile

    def decode(self, frame: Frame | None) -> Pixels:
        """(H, W, C), upright."""
        return _pixels(self.image, self.layout.path, 0 if frame is None else frame)


@contextmanager
def open_pillow(path: Path, described: str) -> Iterator[Plain]:
    """A file, open.

    Args:
        path: The file.
        described: What is wanted, in words; for the message.

    Raises:
        DataError: If it is of colours that are not read.
        OSError: If it is damaged, or none of :data:`FORMATS`; decoders raise anything, in fact.
    """
    with Image.open(path, formats=FORMATS) as image:
        yield Plain(_layout(image, path, described), image)


def _layout(image: ImageFile.ImageFile, path: Path, described: str) -> Layout:
    if image.mode in _STRANGE or (image.mode not in _KINDS and ";16" not in image.mode):
        strange = _STRANGE.get(image.mode, f"of pixels called {image.mode}")
        wanted = f", and {described} is wanted" if described else ""
        raise DataError(f"image {path} is {strange}{wanted}: convert it first")
    told, colours, channels = _KINDS.get(image.mode, ("", "grey", 1))
    deep = _is_deep(image)
    if deep:
        told = kind_of(np.dtype(np.uint16), channels, colours)
    frames = getattr(image, "n_frames", 1)  # formats of a single image have no such attribute
    if image.format == "MPO":  # a phone's JPEG with further pictures behind the one it shows
        frames = 1
    size, deep = (image.height, image.width), deep or image.mode in ("I", "F")
    return Layout(path, told, size, colours, channels, frames, deep)


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a channel has 16 bits; of several channels Pillow would keep the upper byte without a word."""
    return ";16" in image.mode or any(";16" in str(tile[3]) for tile in image.tile)


def _pixels(image: ImageFile.ImageFile, path: Path, frame: Frame) -> Pixels:
    deep = _is_deep(image)
    if deep and image.mode in ("RGB", "RGBA", "LA", "P"):
        return upright(_by_imagecodecs(path), image.getexif().get(_ORIENTATION, 1))
    if frame == "all" or frame:
        numbers = range(getattr(image, "n_frames", 1)) if frame == "all" else (frame,)
        return np.concatenate([_frame(image, number, deep) for number in numbers], axis=2)
    return _plain(image, deep)


def _frame(image: ImageFile.ImageFile, number: int, deep: bool) -> Pixels:
    image.seek(number)
    return _plain(image, deep)


def _plain(image: ImageFile.ImageFile, deep: bool) -> Pixels:
    shown: Image.Image = ImageOps.exif_transpose(image)
    if image.mode in _SHOWN:
        shown = shown.convert(_SHOWN[image.mode])
    pixels = np.array(shown)
    if deep:  # older Pillows hold them in 32 bits
        pixels = pixels.astype(np.uint16)
    return pixels.reshape(*pixels.shape[:2], -1)


def _by_imagecodecs(path: Path) -> Pixels:
    try:
        from imagecodecs import png_decode
    except ImportError:
        raise DataError(f"image {path} is in colours of 16 bits: to read it, pip install imagecodecs") from None
    pixels: Pixels = png_decode(path.read_bytes())
    return pixels.reshape(*pixels.shape[:2], -1)
