"""Images in and out: files to tensors, tensors to files, and the grid a person looks at first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError
from torch import Tensor

from spectralkit.errors import DataError

GAP, LABEL = 4, 18


def read_image(path: Path) -> Tensor:
    """An 8-bit RGB image file as (3, H, W) in [0, 1].

    Raises:
        DataError: If the file is missing, no image, truncated, or not 8-bit RGB.
    """
    try:
        with Image.open(path) as image:
            if image.mode != "RGB":
                raise DataError(f"image {path} is not 8-bit RGB but of mode {image.mode}: convert it to RGB first")
            pixels = np.array(image)
    except UnidentifiedImageError as error:
        raise DataError(f"image {path} is in no known image format: give a PNG, JPEG or TIFF file") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"image {path} is too large: {error}") from error
    except (OSError, SyntaxError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataError(f"cannot read image {path}: {reason}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def to_pil(image: Tensor) -> Image.Image:
    """(3, H, W) or (1, H, W) in [0, 1], rounded to 8 bits."""
    pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def write_image(image: Tensor, path: Path) -> None:
    """Write (C, H, W) in [0, 1] as an 8-bit PNG."""
    to_pil(image).save(path, format="PNG")


def grid(columns: Sequence[str], rows: Sequence[Sequence[Tensor]], captions: Sequence[str]) -> Image.Image:
    """Rows of images under labelled columns, small images enlarged by nearest neighbour.

    Args:
        columns: One label per column.
        rows: (C, H, W) images in [0, 1], all of one size; one per column.
        captions: One label per row.
    """
    height, width = rows[0][0].shape[-2:]
    zoom = max(1, 192 // max(height, width))
    height, width = zoom * height, zoom * width
    font = ImageFont.load_default(size=14)
    margin = max(int(font.getlength(caption)) for caption in captions) + 2 * GAP
    canvas = Image.new(
        "RGB",
        (margin + len(columns) * (width + GAP), LABEL + GAP + len(rows) * (height + GAP)),
        color="white",
    )
    draw = ImageDraw.Draw(canvas)
    for c, column in enumerate(columns):
        draw.text((margin + c * (width + GAP), 2), column, fill="black", font=font)
    for r, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        top = LABEL + GAP + r * (height + GAP)
        draw.text((GAP, top + height // 2 - 8), caption, fill="black", font=font)
        for c, image in enumerate(row):
            enlarged = to_pil(image).resize((width, height), Image.Resampling.NEAREST)
            canvas.paste(enlarged, (margin + c * (width + GAP), top))
    return canvas
