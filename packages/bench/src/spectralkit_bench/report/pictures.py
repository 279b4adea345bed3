"""Images, latents and flags as PNG files within the page: pixels are neither resampled nor compressed with loss."""

from __future__ import annotations

import base64
import io

import attrs
import torch
from PIL import Image
from torch import Tensor

from spectralkit.running.picture import to_pil

SPAN = 3.0
"""Latents are shown from -SPAN (black) to SPAN (white): nearly all of white noise."""

MOST_CHANNELS = 4
FLAGGED = (213, 94, 0)
GAP = 1


@attrs.frozen
class Picture:
    """An image in the page.

    Args:
        key: What it is of: ``source``, ``reference``, or a method's, ``run0``, ``run1``, ...
        label: For a reader.
        uri: The PNG file as a ``data:`` address.
        width: In pixels.
        height: In pixels.
        seeds: Under which it is shown; none for under all.
    """

    key: str
    label: str
    uri: str
    width: int
    height: int
    seeds: tuple[int, ...] = ()


def picture(key: str, label: str, image: Tensor, seeds: tuple[int, ...] = ()) -> Picture:
    """(C, H, W) in [0, 1], in false colours where C is neither 1 nor 3."""
    return embedded(key, label, to_pil(image), seeds)


def embedded(key: str, label: str, image: Image.Image, seeds: tuple[int, ...] = ()) -> Picture:
    """An image as it stands in the page."""
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    uri = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return Picture(key, label, uri, image.width, image.height, seeds)


def channels(latent: Tensor, flags: Tensor | None) -> Image.Image:
    """The first channels of a latent (C, H, W) side by side, then its flagged windows (H - k + 1, W - k + 1).

    A window is marked at its centre.
    """
    height, width = latent.shape[-2:]
    count = min(len(latent), MOST_CHANNELS)
    tiles = count + (flags is not None)
    canvas = Image.new("RGBA", (tiles * (width + GAP) - GAP, height))
    grey = ((latent[:count] / SPAN + 1) / 2).nan_to_num().clamp(0, 1)
    for i, channel in enumerate(grey):
        canvas.paste(to_pil(channel[None]), (i * (width + GAP), 0))
    if flags is not None:
        canvas.paste(_mask(flags, height, width), (count * (width + GAP), 0))
    return canvas


def _mask(flags: Tensor, height: int, width: int) -> Image.Image:
    """Flagged windows in colour on grey."""
    rows, columns = flags.shape
    top, left = (height - rows) // 2, (width - columns) // 2
    full = torch.zeros(height, width, dtype=torch.bool)
    full[top : top + rows, left : left + columns] = flags
    ground = Image.new("RGB", (width, height), (128, 128, 128))
    ground.paste(FLAGGED, mask=to_pil(full[None].float()))
    return ground


def white(shape: tuple[int, ...]) -> Tensor:
    """White noise of a latent's shape, always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))
