"""Which channels of a file are which of an image: ``2,0,1``, ``0,0,0``, ``0,1,-``, ``rgb`` or ``luma``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.layout import Colours
from spectralkit.plugins.text import brief, counted

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey of an image (ITU-R BT.601)."""

_NAMED: dict[str, Literal["rgb", "luma"]] = {"rgb": "rgb", "luma": "luma"}
"""Maps by name, which take files in grey and in RGB; any transparency is left out."""


@attrs.frozen
class ChannelMap:
    """A choice of channels.

    Args:
        chosen: The file's channel, counted from 0, of each of the image's; None is left black.
        named: ``rgb`` takes RGB as it is and grey thrice instead, ``luma`` the grey of RGB, and grey as it is.
    """

    chosen: tuple[int | None, ...] = ()
    named: Literal["rgb", "luma"] | None = None

    @classmethod
    def parse(cls, given: str | int | Sequence[int]) -> ChannelMap:
        """From text like ``2,0,-`` or ``luma``, or from numbers.

        Raises:
            ConfigurationError: If it is something else.
        """
        if isinstance(given, str) and (name := _NAMED.get(given.strip())):
            return cls(named=name)
        words = given.split(",") if isinstance(given, str) else [given] if isinstance(given, int) else list(given)
        try:
            chosen = tuple(None if str(word).strip() == "-" else int(word) for word in words)
        except ValueError:
            chosen = ()
        if not any(channel is not None for channel in chosen) or any(c is not None and c < 0 for c in chosen):
            raise ConfigurationError(
                f"channels cannot be {brief(given)}: give numbers from 0 like 2,0,1, with - for none, rgb, or luma"
            )
        return cls(chosen)

    def __len__(self) -> int:
        return {"rgb": 3, "luma": 1, None: len(self.chosen)}[self.named]

    def fitted(self, colours: Colours, available: int, told: str) -> ChannelMap:
        """What is taken of a file: of ``rgb`` and ``luma`` what they mean for its colours.

        Raises:
            DataError: Opening with ``told``, if the file lacks one of the channels.
        """
        if self.named is None:
            needed = 1 + max(channel for channel in self.chosen if channel is not None)
            if needed > available:
                raise DataError(
                    f"{told} has {counted(available, 'channel')}, no channel {needed - 1}: choose others of it"
                )
            return self
        shown = available - (colours == "other" and available in (2, 4))  # the last is transparency
        if shown not in (1, 3):
            raise DataError(
                f"{told} has {counted(available, 'channel')}, neither grey nor RGB: choose from them by number"
            )
        if self.named == "rgb":
            return ChannelMap((0, 0, 0) if shown == 1 else (0, 1, 2))
        return ChannelMap((0,)) if shown == 1 else self

    @property
    def used(self) -> tuple[int, ...]:
        """The channels that are taken of a file that it is fitted to, ascending."""
        return (0, 1, 2) if self.named is not None else tuple(sorted({c for c in self.chosen if c is not None}))

    @property
    def of_used(self) -> ChannelMap:
        """The same of pixels that have no other channels."""
        return ChannelMap(tuple(None if c is None else self.used.index(c) for c in self.chosen), self.named)

    def of(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W, C) of a file that it is fitted to -> (H, W, c)."""
        if self.named is not None:
            return image[..., :3] @ np.array(LUMA, np.float32)[:, None]
        black = np.zeros(image.shape[:-1], np.float32)
        return np.stack([black if c is None else image[..., c] for c in self.chosen], axis=-1)

    def __str__(self) -> str:
        return self.named or ",".join("-" if c is None else str(c) for c in self.chosen)
