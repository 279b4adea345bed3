"""A recipe by which files become images: which channels, which frame, and how stored values become [0, 1].

Nothing here imports torch before an image is made, so that bad files are told at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.channels import ChannelMap
from spectralkit.pictures.decoding import decode, look
from spectralkit.pictures.intensity import Intensity, scaled
from spectralkit.pictures.layout import Colours, Frame, Layout, Pixels, wanted
from spectralkit.plugins.text import counted

if TYPE_CHECKING:
    from torch import Tensor


@attrs.frozen(eq=False)
class Opened:
    """A decoded file; any part of it as an image.

    Args:
        path: The file.
        pixels: (H, W, C) as stored, upright; channels that nobody takes are left out.
        limits: (2, C), which stored values become 0 and 1.
        channels: What is taken of them; None takes the channels as they are.
    """

    path: Path
    pixels: Pixels
    limits: NDArray[np.float64]
    channels: ChannelMap | None

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.pixels.shape[:2]
        return height, width

    @property
    def nbytes(self) -> int:
        """In memory."""
        return self.pixels.nbytes

    def image(self, y: int = 0, x: int = 0, size: tuple[int, int] | None = None) -> Tensor:
        """(C, h, w) in [0, 1]: the part at (y, x), by default all of it."""
        from torch import from_numpy

        height, width = size or self.size
        part = scaled(self.pixels[y : y + height, x : x + width], self.limits)
        if self.channels is not None:
            part = self.channels.of(part)
        return from_numpy(np.ascontiguousarray(part.transpose(2, 0, 1)))


@attrs.frozen
class Reading:
    """How files are read.

    Args:
        channels: Which of a file's channels are an image's; None takes grey and RGB as they are, and no others.
        intensity: How values become [0, 1]; None takes 8 bits for 0 to 255, and nothing else.
        frame: Which image of a stack, or ``all`` as channels of one; None takes files of one image.
    """

    channels: ChannelMap | None = None
    intensity: Intensity | None = None
    frame: Frame | None = None

    @classmethod
    def of(
        cls,
        channels: str | int | Sequence[int] | None = None,
        intensity: str | None = None,
        frame: str | int | None = None,
    ) -> Reading:
        """From what somebody typed.

        Raises:
            ConfigurationError: If it cannot be understood.
        """
        return cls(
            None if channels is None else ChannelMap.parse(channels),
            None if intensity is None else Intensity.parse(intensity),
            _frame(frame),
        )

    def as_table(self) -> dict[str, Any]:
        """As text, for the record; what is None is left out."""
        told = {"channels": self.channels, "intensity": self.intensity}
        found: dict[str, Any] = {name: str(value) for name, value in told.items() if value is not None}
        return found if self.frame is None else {**found, "frame": self.frame}

    def looked(self, path: Path) -> Layout:
        """What a file says of itself, whatever is wanted of it.

        Raises:
            DataError: If it will be read for no purpose.
        """
        return look(path, self.frame)

    def count(self, path: Path) -> int:
        """How many channels its image has: those that are chosen, or as many as a file has in grey, RGB or TIFF's C.

        Raises:
            DataError: As :meth:`looked`.
        """
        if self.channels is not None:
            return len(self.channels)
        colours, found = self.looked(path).shown(self.frame)
        return found if colours != "other" or found == 1 else 3

    def look(self, path: Path, channels: int) -> Layout:
        """What a file says of its picture, which is read nowhere yet.

        Raises:
            DataError: If it will not be read.
        """
        described = self._described(channels)
        layout = look(path, self.frame, described)
        self._fitted(layout, channels, described)
        return layout

    def open(self, path: Path, channels: int) -> Opened:
        """The picture of a file, to be made into images of so many channels.

        Args:
            path: The file.
            channels: 3 for RGB, 1 for greyscale, whatever they show; others for as many channels.

        Raises:
            DataError: If the file is missing, no image, damaged, too large, or of pixels that the recipe leaves open.
        """
        described = self._described(channels)
        found = decode(path, self.frame, described)
        taken = self._fitted(found.layout, channels, described)
        available = range(found.pixels.shape[-1])
        used = available if taken is None else taken.used
        pixels = found.pixels if len(used) == len(available) else found.pixels[..., list(used)]
        limits = (self.intensity or Intensity()).limits(pixels, path, used)
        return Opened(path, pixels, limits, None if taken is None else taken.of_used)

    def read(self, path: Path, channels: int) -> Tensor:
        """The image of a file: (C, H, W) in [0, 1], upright; refused as by :meth:`open`."""
        return self.open(path, channels).image()

    def _described(self, channels: int) -> str:
        _, described = wanted(channels)
        if self.channels is not None and len(self.channels) != channels:
            raise ConfigurationError(
                f"channels {self.channels} make images of {len(self.channels)} channels, and {channels} are wanted: "
                f"give {channels}"
            )
        return described

    def _fitted(self, layout: Layout, channels: int, described: str) -> ChannelMap | None:
        """Which channels are taken; what would have to be guessed is refused."""
        told = f"image {layout.path}"
        missing = []
        colours, available = layout.shown(self.frame)
        taken = None if self.channels is None else self.channels.fitted(colours, available, told)
        fits = taken is not None or (colours == wanted(channels)[0] and available == channels)
        if not fits:
            missing.append(f"which channels to take (channels, like {_example(colours, available, channels)})")
        if self.intensity is None and layout.is_deep:
            missing.append("how its values become [0, 1] (intensity, like full or 0.1%:99.9%)")
        if missing:
            asked = "" if fits else f", and {described} is wanted"
            pages = (
                f", {layout.frames} times, {counted(available, 'channel')} in all"
                if available > layout.channels
                else ""
            )
            raise DataError(f"{told} {layout.told}{pages}{asked}: say {' and '.join(missing)}")
        return taken


def _example(colours: Colours, available: int, channels: int) -> str:
    if colours in ("grey", "rgb") and channels in (1, 3):
        return "luma" if channels == 1 else "rgb"
    return ",".join(str(min(c, available - 1)) for c in range(channels))


def _frame(given: str | int | None) -> Frame | None:
    if given is None or isinstance(given, int):
        return given
    if given == "all":
        return "all"
    if not given.isdecimal():
        raise ConfigurationError(f"frame cannot be {given!r}: give a number from 0, or all")
    return int(given)
