"""Images of other sizes than the model's: cut into overlapping tiles and blended, or resized.

Tiles overlap by a quarter of their side and start at multiples of ``side / 4``, so that the blocks of a decimated
image (of scale 4, 8 or 16 with 64-pixel tiles) stay aligned with the tiles. Each tile is weighted by a tent that falls
linearly across its overlap; weights are normalised, so that identical tiles blend to themselves.
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from spectralkit.errors import DataError


@attrs.frozen
class Tiling:
    """Where the tiles of one image lie.

    Args:
        height: Of the image.
        width: Of the image.
        side: Of the square tiles.
    """

    height: int
    width: int
    side: int

    def __attrs_post_init__(self) -> None:
        if min(self.height, self.width) < self.side:
            raise DataError(
                f"an image of {self.height}x{self.width} is smaller than a tile of {self.side}x{self.side}: "
                "use --fit resize, or --upsample"
            )

    @property
    def overlap(self) -> int:
        """Pixels that neighbouring tiles share."""
        return self.side // 4

    @property
    def padded(self) -> tuple[int, int]:
        """The size that whole tiles cover."""
        return self._cover(self.height), self._cover(self.width)

    def _cover(self, length: int) -> int:
        stride = self.side - self.overlap
        return self.side + -(-(length - self.side) // stride) * stride

    @property
    def corners(self) -> list[tuple[int, int]]:
        """Top-left corners, row by row."""
        stride = self.side - self.overlap
        rows, columns = (range(0, length - self.side + 1, stride) for length in self.padded)
        return [(y, x) for y in rows for x in columns]

    def cut(self, image: Tensor) -> Tensor:
        """(C, H, W) -> (tiles, C, side, side); beyond its edges the image is mirrored."""
        bottom, right = self.padded[0] - self.height, self.padded[1] - self.width
        whole = functional.pad(image[None], (0, right, 0, bottom), mode="reflect")[0]
        return torch.stack([whole[:, y : y + self.side, x : x + self.side] for y, x in self.corners])

    def blend(self, tiles: Tensor) -> Tensor:
        """(tiles, C, side, side) -> (C, H, W)."""
        ramp = (torch.arange(self.side) + 1).minimum(torch.arange(self.side).flip(0) + 1).clamp_max(self.overlap)
        tent = ramp[:, None] * ramp[None, :] / self.overlap**2
        total = torch.zeros(tiles.shape[1], *self.padded)
        weight = torch.zeros(self.padded)
        for tile, (y, x) in zip(tiles, self.corners, strict=True):
            total[:, y : y + self.side, x : x + self.side] += tent * tile
            weight[y : y + self.side, x : x + self.side] += tent
        return (total / weight)[:, : self.height, : self.width]


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """Bilinear with antialiasing, (C, H, W) -> (C, height, width), in [0, 1]."""
    return functional.interpolate(image[None], (height, width), mode="bilinear", antialias=True)[0].clamp(0, 1)
