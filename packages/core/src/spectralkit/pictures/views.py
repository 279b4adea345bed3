"""Pictures of any size, of which parts are taken as images of one: the middle, or one at random."""

from __future__ import annotations

from typing import Literal, Protocol

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from spectralkit.errors import DataError
from spectralkit.pictures.layout import MOST_PIXELS
from spectralkit.plugins.text import times

Fit = Literal["crop", "resize"]
"""The middle of a picture as it is; or of all of it, its shorter side resized first."""


class View(Protocol):
    """A picture, any part of which is an image."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        ...

    def image(self, y: int, x: int, size: tuple[int, int]) -> Tensor:
        """(C, h, w) in [0, 1]: the part at (y, x)."""
        ...


@attrs.frozen(eq=False)
class Pixels:
    """A picture in memory.

    Args:
        whole: (C, H, W) in [0, 1].
    """

    whole: Tensor

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.whole.shape[-2:]
        return height, width

    @property
    def nbytes(self) -> int:
        """In memory."""
        return self.whole.nbytes

    def image(self, y: int, x: int, size: tuple[int, int]) -> Tensor:
        return self.whole[..., y : y + size[0], x : x + size[1]]


def shrunk(whole: Tensor, side: int) -> Tensor:
    """(C, h, w) of (C, H, W), the shorter of them ``side``: bilinear with antialiasing, enlarged where it is less."""
    height, width = (max(side, round(n * side / min(whole.shape[-2:]))) for n in whole.shape[-2:])
    return functional.interpolate(whole[None], (height, width), mode="bilinear", antialias=True)[0].clamp(0, 1)


def resized(view: View, side: int, told: str) -> Pixels:
    """All of a picture, its shorter side ``side``.

    Raises:
        DataError: Opening with ``told``, if it is so narrow that it would become too large.
    """
    if max(view.size) * side * side > MOST_PIXELS * min(view.size):
        raise DataError(
            f"{told} is {times(view.size)}, and would have more than {MOST_PIXELS} pixels with its shorter side "
            f"resized to {side}: crop it"
        )
    return Pixels(shrunk(view.image(0, 0, view.size), side))


def check_size(size: tuple[int, int], side: int, told: str) -> None:
    """Refuse a picture of (H, W) that no image of ``side`` can be cut of.

    Raises:
        DataError: Opening with ``told``.
    """
    if min(size) < side:
        raise DataError(
            f"{told} is {times(size)}, smaller than an image of {side}x{side}: choose fit resize, or a smaller size"
        )


def middle(view: View, side: int) -> Tensor:
    """(C, side, side)."""
    y, x = ((length - side) // 2 for length in _fitting(view, side))
    return view.image(y, x, (side, side))


def drawn(view: View, side: int, generator: torch.Generator, *, rotate: bool) -> Tensor:
    """(C, side, side): a part at any place, mirrored or not, with ``rotate`` turned by quarters too.

    Raises:
        DataError: If the picture is smaller.
    """

    def below(bound: int) -> int:
        return int(torch.randint(bound, (), generator=generator))

    y, x = (below(length - side + 1) for length in _fitting(view, side))
    image = view.image(y, x, (side, side))
    if below(2):
        image = image.flip(-1)
    return torch.rot90(image, below(4), (-2, -1)) if rotate else image


def _fitting(view: View, side: int) -> tuple[int, int]:
    height, width = view.size
    if min(height, width) < side:
        raise DataError(f"a picture of {height}x{width} is smaller than an image of {side}x{side}: choose less")
    return height, width
