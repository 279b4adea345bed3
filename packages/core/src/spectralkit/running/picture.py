"""Images in and out: files to tensors, tensors to files, and the grid a person looks at first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from spectralkit.pictures.layout import image_mode
from spectralkit.pictures.reading import Reading

GAP, LINE, CELL, CAPTION = 6, 18, 192, 24


def read_image(path: Path, channels: int = 3) -> Tensor:
    """An 8-bit image file as (C, H, W) in [0, 1], upright as a viewer shows it.

    Args:
        path: The file.
        channels: 3 for RGB, 1 for greyscale.

    Raises:
        DataError: If the file is missing, no image, truncated, too large, animated, or of another kind of pixels.
    """
    return Reading().read(path, channels)


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


def write_deep(image: Tensor, path: Path) -> None:
    """Write (C, H, W) in [0, 1] as a TIFF file of 16 bits a channel, 0 to 65535."""
    import tifffile

    image_mode(image.shape[0])
    pixels = (image.clamp(0, 1).double() * 65535).round().permute(1, 2, 0).cpu().numpy().astype("uint16")
    colours = "rgb" if image.shape[0] == 3 else "minisblack"
    tifffile.imwrite(path, pixels if colours == "rgb" else pixels[..., 0], photometric=colours, compression="zlib")


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
