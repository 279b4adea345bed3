"""What becomes of an image of another size than the model's, and what cannot be cut; told without torch."""

from __future__ import annotations

from typing import Literal

from spectralkit.errors import DataError
from spectralkit.plugins.text import times

Fit = Literal["tile", "resize"]
"""Cut into tiles that are blended, or resized and back."""


def check_tiled(image: tuple[int, int], tile: tuple[int, int], told: str) -> None:
    """Refuse an image of (H, W) that is smaller than a tile of (h, w).

    Raises:
        DataError: Opening with ``told``.
    """
    if any(length < side for length, side in zip(image, tile, strict=True)):
        raise DataError(
            f"{told} of {times(image)} is smaller than a tile of {times(tile)} (height x width): use --fit resize, or "
            "--upsample"
        )
