"""Images in and out: files to tensors, tensors to files, and the grid a person looks at first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from spectralkit.data import Sample
from spectralkit.pictures.colours import shown
from spectralkit.pictures.layout import Depth
from spectralkit.pictures.reading import Reading

GAP, LINE, CELL, CAPTION = 6, 18, 192, 24


def read_image(path: Path, channels: int = 3) -> Tensor:
    """An 8-bit image file as (C, H, W) in [0, 1], upright as a viewer shows it.

    Args:
        path: The file.
        channels: 3 for RGB, 1 for greyscale, others for as many channels of a TIFF file.

    Raises:
        DataError: If the file is missing, no image, truncated, too large, animated, or of another kind of pixels.
    """
    return Reading().read(path, channels)


def to_pil(image: Tensor) -> Image.Image:
    """(C, H, W) in [0, 1] as it is shown, in false colours where C is neither 1 nor 3; rounded to 8 bits."""
    pixels = _whole(shown(image), 8)
    return Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))


def suffix(channels: int, depth: Depth = 8) -> str:
    """Of the files that :func:`write_image` writes: PNG has neither 16 bits in colour nor other channels."""
    return ".png" if depth == 8 and channels in (1, 3) else ".tif"


def write_image(image: Tensor, path: Path, depth: Depth = 8) -> None:
    """Write (C, H, W) in [0, 1] as whole numbers from 0: PNG, or TIFF, whose channels ImageJ tells apart.

    Args:
        image: Its channels are written as they are.
        path: Ends in :func:`suffix`.
        depth: Bits a channel.
    """
    if suffix(len(image), depth) == ".png":
        to_pil(image).save(path, format="PNG")
        return
    import tifffile

    pixels = _whole(image, depth)
    if len(image) == 3:
        tifffile.imwrite(path, pixels.transpose(1, 2, 0), photometric="rgb", compression="zlib")
    elif len(image) == 1:
        tifffile.imwrite(path, pixels[0], photometric="minisblack", compression="zlib")
    else:
        told = {"axes": "CYX", "mode": "composite"}
        tifffile.imwrite(path, pixels, photometric="minisblack", compression="zlib", imagej=True, metadata=told)


def _whole(image: Tensor, depth: Depth) -> NDArray[np.unsignedinteger[Any]]:
    """(C, H, W) of whole numbers."""
    kind: type[np.unsignedinteger[Any]] = np.uint8 if depth == 8 else np.uint16
    values: NDArray[Any] = (image.clamp(0, 1).double() * (2**depth - 1)).round().cpu().numpy()
    return values.astype(kind)


def grid(title: str, columns: Sequence[str], rows: Sequence[Sequence[Tensor]], captions: Sequence[str]) -> Image.Image:
    """Rows of images under labelled columns, small images enlarged by nearest neighbour.

    Args:
        title: What is brief; shortened where it does not fit.
        columns: One label per column.
        rows: (C, H, W) images in [0, 1], all of one size; one per column. More channels than RGB are in false colours.
        captions: One label per row.
    """
    height, width = rows[0][0].shape[-2:]
    zoom = max(1, CELL // max(height, width))
    height, width = zoom * height, zoom * width
    font = ImageFont.load_default(size=13)
    captions = [shorten(caption, CAPTION) for caption in captions]
    pitch = max(width, *(round(font.getlength(column)) for column in columns)) + GAP
    left = max(round(font.getlength(caption)) for caption in captions) + 2 * GAP
    top = 2 * LINE + GAP
    size = (left + len(columns) * pitch, top + len(rows) * (max(height, LINE) + GAP))
    canvas = Image.new("RGB", size, color="white")
    draw = ImageDraw.Draw(canvas)
    draw.text((GAP, 2), _fitted(title, size[0] - 2 * GAP, font), fill="black", font=font)
    for c, column in enumerate(columns):
        draw.text((left + c * pitch, LINE + 2), column, fill="dimgrey", font=font)
    for r, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        y = top + r * (max(height, LINE) + GAP)
        draw.text((GAP, y + height // 2 - LINE // 2), caption, fill="black", font=font)
        for c, image in enumerate(row):
            canvas.paste(to_pil(image).resize((width, height), Image.Resampling.NEAREST), (left + c * pitch, y))
    return canvas


def translations(
    title: str, source: str, samples: Sequence[Sample], columns: Sequence[tuple[str, Sequence[Tensor]]]
) -> Image.Image:
    """The :func:`grid` of samples: their sources, what became of them, and their references where all have one.

    Args:
        title: As of :func:`grid`.
        source: Name of the domain they are of.
        samples: One a row.
        columns: What became of them: a label, and an image a sample.
    """
    told = [(f"source: {source}", [sample.source for sample in samples]), *columns]
    references = [sample.reference for sample in samples if sample.reference is not None]
    if len(references) == len(samples):
        told.append(("reference", references))
    labels, images = zip(*told, strict=True)
    return grid(title, labels, list(zip(*images, strict=True)), [sample.id for sample in samples])


def _fitted(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """``text`` shortened until it is at most ``width`` pixels wide."""
    lengths = range(5, min(len(text), width) + 6)
    fitting = bisect_right(lengths, width, key=lambda most: round(font.getlength(shorten(text, most))))
    return shorten(text, lengths[max(fitting - 1, 0)])


def shorten(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, its middle left out."""
    if len(text) <= most:
        return text
    kept = max(most - 3, 2)
    return f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"
