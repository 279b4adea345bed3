"""The micrograph and how it is split.

One 512 x 512 RGB image (colon tissue, DAB + haematoxylin; Cell Biology and Biomedical Research, Harvard, via
scikit-image), cut into 4 x 4 tiles of 128 pixels, which are named by (row, column). Four tiles, one in every row and
every column, are held out; six show the trained models the high-resolution domain, six the degraded ones. A crop lies
inside one tile, so that no pixel is in two parts. Connective tissue has nearly the same share of each part.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError

TILE = 128

Place = tuple[int, int]
"""(row, column) of a tile."""

HELD_OUT: tuple[Place, ...] = ((0, 2), (1, 1), (2, 3), (3, 0))
HIGH: tuple[Place, ...] = ((0, 0), (0, 3), (1, 3), (2, 0), (2, 2), (3, 1))
LOW: tuple[Place, ...] = ((0, 1), (1, 0), (1, 2), (2, 1), (3, 2), (3, 3))


def load_pixels() -> Tensor:
    """The whole micrograph, (3, 512, 512) in [0, 1]."""
    from skimage.data import immunohistochemistry

    pixels: np.ndarray = immunohistochemistry()
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float() / 255


def tile(pixels: Tensor, place: Place) -> Tensor:
    """(3, 128, 128), the tile at ``place``."""
    row, column = place
    return pixels[:, row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]


def check_size(size: int, multiple: int = 1) -> None:
    """Refuse a side of crops that does not fit into a tile or is not divisible by ``multiple``.

    Raises:
        ConfigurationError: Saying which sides there are.
    """
    if not 0 < size <= TILE or size % multiple:
        wanted = "a whole number from 1" if multiple == 1 else f"a multiple of {multiple}"
        raise ConfigurationError(f"size {size} is impossible for data set ihc: choose {wanted} up to {TILE}")


@attrs.frozen
class Crop:
    """A square of the micrograph.

    Args:
        y: Its first row.
        x: Its first column.
        size: Its side.
    """

    y: int
    x: int
    size: int

    def of(self, pixels: Tensor) -> Tensor:
        """(3, size, size)."""
        return pixels[:, self.y : self.y + self.size, self.x : self.x + self.size]


def crops(places: tuple[Place, ...], size: int) -> Iterator[Crop]:
    """A grid of up to 4 x 4 crops in every tile, which spans it; crops larger than 125 pixels leave fewer.

    The tiles take turns, and successive crops of a tile lie far apart, so that the first few are varied already.
    """
    offsets = sorted({round(offset) for offset in np.linspace(0, TILE - size, 4)})
    count = len(offsets) ** 2  # 16, 9, 4 or 1
    for step in range(count):
        down, right = divmod(7 * step % count, len(offsets))  # 7 is coprime to all of these
        for row, column in places:
            yield Crop(row * TILE + offsets[down], column * TILE + offsets[right], size)
