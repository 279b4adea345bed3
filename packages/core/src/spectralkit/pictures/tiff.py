"""TIFF beyond what Pillow reads: 16-bit, floating-point and multi-channel pictures, stacks, OME and ImageJ.

The axes of a series say what is what: Y and X are the picture, C and S its channels, all others number its images.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from spectralkit.errors import DataError
from spectralkit.pictures.layout import Colours, Frame, Layout, Pixels, kind_of, upright

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPageSeries

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF files begin."""

_ORIENTATION = 274

_PILLOWS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000})
"""Compressions that Pillow reads: none, fax, LZW, JPEG, deflate, PackBits, LZMA and Zstandard."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2


class UndecodableError(Exception):
    """A compression for which no decoder is installed."""


@attrs.frozen(eq=False)
class Stack:
    """An open TIFF file.

    Args:
        path: Where it lies.
        file: By tifffile.
    """

    path: Path
    file: TiffFile

    @property
    def series(self) -> list[TiffPageSeries]:
        """Images of one shape each; further resolutions of them are left out."""
        return [series for series in self.file.series if {"Y", "X"} <= set(series.axes)]

    @property
    def layout(self) -> Layout:
        """What the file says of its first image.

        Raises:
            DataError: If it has none, or colours that are not read.
        """
        if not self.series:
            raise DataError(f"image {self.path} holds no picture of rows and columns: convert it first")
        first = self.series[0]
        photometric, channels = int(first.keyframe.photometric), _length(first, "CS")
        colours: Colours = "other"
        if photometric == _RGB and channels == 3:
            colours = "rgb"
        elif photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and channels == 1:
            colours = "grey"
        elif photometric > _RGB and photometric != 32803:  # palettes, printing and video colours beyond 8 bits
            raise DataError(f"image {self.path} has colours of the TIFF kind {photometric}: convert it first")
        elif channels == _length(first, "C"):  # among the samples of a pixel (S) may be its transparency
            colours = "channels"
        dtype = first.dtype
        if dtype.kind not in "buif":
            raise DataError(f"image {self.path} has pixels of the type {dtype}: convert it first")
        size = (_length(first, "Y"), _length(first, "X"))
        frames = sum(map(_frames, self.series))
        told, deep = kind_of(dtype, channels, colours), dtype.itemsize > 1 or dtype.kind == "i"
        return Layout(self.path, told, size, colours, channels, frames, deep)

    @property
    def is_plain(self) -> bool:
        """Whether Pillow reads it: one image of 8 bits or less a channel, of at most four channels side by side, in a
        common compression.
        """
        series = self.series
        if len(series) != 1 or _frames(series[0]) > 1 or len(self.file.pages) != 1:
            return False
        page = series[0].keyframe
        if int(page.compression) not in _PILLOWS:
            return False
        return page.dtype is not None and page.dtype.itemsize == 1 and page.dtype.kind in "bu" and page.axes != "SYX"

    def decode(self, frame: Frame | None) -> Pixels:
        """(H, W, C), upright.

        Raises:
            UndecodableError: If no decoder for its compression is installed.
        """
        if frame == "all":
            if len(self.series) > 1:
                raise DataError(f"image {self.path} holds images of different shapes: choose one by its frame")
            return np.concatenate([self._image(self.series[0], i) for i in range(_frames(self.series[0]))], axis=2)
        left = frame or 0
        for series in self.series:
            if left < _frames(series):
                return self._image(series, left)
            left -= _frames(series)
        raise DataError(f"image {self.path} has no frame {frame}: choose another")

    def _image(self, series: TiffPageSeries, number: int) -> Pixels:
        """One image of a series, of which nothing else is decoded."""
        others = [axis for axis in series.axes if axis not in "YXCS"]
        places = np.unravel_index(number, [_length(series, axis) for axis in others]) if others else ()
        chosen = dict(zip(others, map(int, places), strict=True))
        index = tuple(chosen.get(axis, slice(None)) for axis in series.axes)
        pixels = self._decoded(series, index)
        axes = [axis for axis in series.axes if axis not in chosen]
        order = [axes.index(axis) for axis in ("Y", "X")] + [i for i, axis in enumerate(axes) if axis not in "YX"]
        pixels = pixels.transpose(order)
        pixels = pixels.reshape(*pixels.shape[:2], -1)
        if pixels.dtype == bool:
            pixels = pixels.astype(np.uint8) * np.uint8(255)
        if series.keyframe.photometric == _WHITE_IS_ZERO and pixels.dtype.kind == "u":
            pixels = np.iinfo(pixels.dtype).max - pixels
        tag = series.keyframe.tags.get(_ORIENTATION)
        return upright(pixels, 1 if tag is None else int(tag.value))

    def _decoded(self, series: TiffPageSeries, index: tuple[int | slice, ...]) -> Pixels:
        """``index`` of a series, page by page, or out of the file's bytes where its pages are not listed."""
        page = series.keyframe
        leading = len(series.shape) - len(page.shape)
        if math.prod(series.shape[:leading]) != len(series.pages):
            if series.dataoffset is None:
                raise DataError(f"image {self.path} does not list all its images: save it again")
            dtype = series.dtype.newbyteorder(self.file.byteorder)
            return np.array(np.memmap(self.path, dtype, "r", series.dataoffset, series.shape)[index])
        numbers = np.arange(len(series.pages)).reshape(series.shape[:leading])[index[:leading]]
        decoded = []
        for number in np.ravel(numbers):
            found = series.pages[int(number)]
            if found is None:
                raise DataError(f"image {self.path} lacks one of its images: save it again")
            decoded.append(_asarray(found)[index[leading:]])
        return np.stack(decoded).reshape(*np.shape(numbers), *decoded[0].shape)


@contextmanager
def open_tiff(path: Path) -> Iterator[Stack]:
    """A TIFF file, open; what tifffile logs of it is for its developers."""
    import tifffile

    logger = logging.getLogger("tifffile")
    before, logger.disabled = logger.disabled, True
    try:
        with tifffile.TiffFile(path) as file:
            yield Stack(path, file)
    finally:
        logger.disabled = before


def _asarray(page: object) -> Pixels:
    try:
        pixels: Pixels = page.asarray()  # type: ignore[attr-defined]
    except ValueError as error:
        if "imagecodecs" in str(error):
            raise UndecodableError from error
        raise
    return pixels


def _length(series: TiffPageSeries, axes: str) -> int:
    """How many there are along some axes."""
    return math.prod(n for axis, n in zip(series.axes, series.shape, strict=True) if axis in axes)


def _frames(series: TiffPageSeries) -> int:
    return math.prod(n for axis, n in zip(series.axes, series.shape, strict=True) if axis not in "YXCS")
