"""Images in and out: files to tensors, tensors to files, and the grid a person looks at first."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFile, ImageFont, ImageOps, UnidentifiedImageError
from torch import Tensor

from spectralkit.errors import DataError, told
from spectralkit.plugins.text import reason

MODES = {1: ("L", "8-bit greyscale"), 3: ("RGB", "8-bit RGB")}
"""Pillow's name and a person's name of the images of so many channels."""

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP")
"""What is read."""

_PIXELS = {
    "1": "black and white",
    "L": "8-bit greyscale",
    "LA": "greyscale with transparency",
    "P": "in indexed colours (a palette)",
    "PA": "in indexed colours (a palette) with transparency",
    "RGB": "8-bit RGB",
    "RGBA": "RGB with transparency",
    "CMYK": "in printing colours (CMYK)",
    "YCbCr": "in video colours (YCbCr)",
    "LAB": "in L*a*b* colours",
    "I": "in whole numbers of 32 bits",
    "F": "in floating-point numbers",
}
"""What a person calls Pillow's modes; those with a semicolon are deeper than 8 bits."""

MOST_PIXELS = 1 << 26
"""Larger images are refused: 67 million pixels in three channels of float32 take 0.8 GB."""

GAP, LINE, CELL, CAPTION = 6, 18, 192, 24


def image_mode(channels: int) -> tuple[str, str]:
    """Pillow's name and a person's name of images of ``channels`` channels.

    Raises:
        DataError: If no image file holds that many.
    """
    if channels not in MODES:
        raise DataError(f"images of {channels} channels cannot be read or written: only 1 (grey) and 3 (RGB) can")
    return MODES[channels]


def read_image(path: Path, channels: int = 3) -> Tensor:
    """An 8-bit image file as (C, H, W) in [0, 1], upright as a viewer shows it.

    Args:
        path: The file.
        channels: 3 for RGB, 1 for greyscale.

    Raises:
        DataError: If the file is missing, no image, truncated, too large, animated, or of another kind of pixels.
    """
    mode, described = image_mode(channels)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what Pillow warns, the harmful is refused here or fails to decode
            with Image.open(path, formats=FORMATS) as image:
                _check_kind(image, path, mode, described)
                pixels = np.array(ImageOps.exif_transpose(image))
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"image {path} is no PNG, JPEG, TIFF, BMP or WebP file: convert it first") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except OSError as error:
        why = told(error) if error.strerror else f"its content is damaged ({error})"
        raise DataError(f"cannot read image {path}: {why}") from error
    except Exception as error:  # decoders fed with a stranger's bytes raise anything
        raise DataError(f"cannot read image {path}: its content is damaged ({reason(error)})") from error
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], channels)).permute(2, 0, 1).float() / 255


def _check_kind(image: ImageFile.ImageFile, path: Path, mode: str, described: str) -> None:
    """Refuse, before a pixel is decoded, what would not be read faithfully."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(path, f" of {image.width}x{image.height}")
    if image.mode != mode:
        pixels = _PIXELS.get(image.mode, "of 16 bits" if ";16" in image.mode else f"of pixels called {image.mode}")
        raise DataError(f"image {path} is {pixels}, and {described} is wanted: convert it first")
    if any(";16" in str(tile[3]) for tile in image.tile):  # Pillow would keep the upper byte without a word
        raise DataError(f"image {path} has 16 bits a channel, and {described} is wanted: convert it first")
    frames = getattr(image, "n_frames", 1)  # formats of a single image have no such attribute
    if frames > 1 and image.format != "MPO":  # a phone's JPEG with further pictures behind the one it shows
        raise DataError(f"image {path} holds {frames} images: save them as files of their own")


def _too_large(path: Path, size: str = "") -> DataError:
    return DataError(f"image {path}{size} is too large: crop it to at most {MOST_PIXELS} pixels")


def to_pil(image: Tensor) -> Image.Image:
    """(3, H, W) or (1, H, W) in [0, 1], rounded to 8 bits.

    Raises:
        DataError: If it has another number of channels.
    """
    mode, _ = image_mode(image.shape[0])
    pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(pixels[..., 0] if mode == "L" else pixels)


def write_image(image: Tensor, path: Path) -> None:
    """Write (C, H, W) in [0, 1] as an 8-bit PNG."""
    to_pil(image).save(path, format="PNG")


def grid(title: str, columns: Sequence[str], rows: Sequence[Sequence[Tensor]], captions: Sequence[str]) -> Image.Image:
    """Rows of images under labelled columns, small images enlarged by nearest neighbour.

    Args:
        title: What is brief; shortened where it does not fit.
        columns: One label per column.
        rows: (C, H, W) images in [0, 1], all of one size; one per column.
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
