"""Images of other sizes than the model's: cut into overlapping tiles and blended, or resized and back.

Tiles start at multiples of three quarters of their side, so that neighbours share a quarter; the last one ends at the
image's edge. With 64-pixel tiles the blocks of a decimated image (of scale 4, 8 or 16) stay aligned with the tiles.
Each tile is weighted by a tent that falls linearly across a quarter of its side; weights are normalised, so that what
the tiles agree on is left as it is: blending the tiles of an image gives the image.
"""

from __future__ import annotations

from typing import Protocol

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from spectralkit.running.fit import Fit, check_tiled


class Fitting(Protocol):
    """Between an image of any size and images of the model's own."""

    def __len__(self) -> int:
        """How many images of the model's size one image becomes."""
        ...

    def cut(self, image: Tensor) -> Tensor:
        """(C, H, W) -> (n, C, h, w)."""
        ...

    def join(self, tiles: Tensor) -> Tensor:
        """(n, C, h, w) -> (C, H, W)."""
        ...


def fit_to(image: tuple[int, int], tile: tuple[int, int], fit: Fit) -> Fitting:
    """How an image of (H, W) meets a model of (h, w); one of the model's own size is left as it is.

    Raises:
        DataError: If it is smaller than a tile.
    """
    return Tiling(image, tile) if fit == "tile" or image == tile else Resizing(image, tile)


@attrs.frozen
class Tiling:
    """Where the tiles of one image lie.

    Args:
        image: (H, W).
        tile: (h, w), no side larger than the image's.
    """

    image: tuple[int, int]
    tile: tuple[int, int]

    def __attrs_post_init__(self) -> None:
        check_tiled(self.image, self.tile, "an image")

    def __len__(self) -> int:
        return len(self.corners)

    @property
    def corners(self) -> list[tuple[int, int]]:
        """Top-left corners, row by row."""
        rows, columns = map(_starts, self.image, self.tile)
        return [(y, x) for y in rows for x in columns]

    def cut(self, image: Tensor) -> Tensor:
        """(C, H, W) -> (n, C, h, w)."""
        height, width = self.tile
        return torch.stack([image[:, y : y + height, x : x + width] for y, x in self.corners])

    def join(self, tiles: Tensor) -> Tensor:
        """(n, C, h, w) -> (C, H, W)."""
        height, width = self.tile
        tent = _ramp(height)[:, None] * _ramp(width)[None, :]
        total, weight = torch.zeros(tiles.shape[1], *self.image), torch.zeros(self.image)
        for tile, (y, x) in zip(tiles, self.corners, strict=True):
            total[:, y : y + height, x : x + width] += tent * tile
            weight[y : y + height, x : x + width] += tent
        return total / weight


def _starts(length: int, side: int) -> list[int]:
    return [*range(0, length - side, side - side // 4), length - side]


def _ramp(side: int) -> Tensor:
    """(side,), from 4 / side at the edges to 1 a quarter of the side away from them."""
    overlap = max(1, side // 4)
    distance = torch.arange(1, side + 1)
    return distance.minimum(distance.flip(0)).clamp_max(overlap) / overlap


@attrs.frozen
class Resizing:
    """The whole image resized, and back: bilinear with antialiasing.

    Args:
        image: (H, W).
        tile: (h, w).
    """

    image: tuple[int, int]
    tile: tuple[int, int]

    def __len__(self) -> int:
        return 1

    def cut(self, image: Tensor) -> Tensor:
        """(C, H, W) -> (1, C, h, w)."""
        return _resize(image[None], self.tile)

    def join(self, tiles: Tensor) -> Tensor:
        """(1, C, h, w) -> (C, H, W)."""
        return _resize(tiles, self.image)[0]


def _resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(images, size, mode="bilinear", antialias=True).clamp(0, 1)
