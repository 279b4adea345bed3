"""Which channels of a file are which of an image: ``2,0,1``, ``0,0,0``, ``0,1,-`` or ``luma``."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.plugins.text import brief

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the grey of an image (ITU-R BT.601)."""


@attrs.frozen
class ChannelMap:
    """A choice of channels.

    Args:
        chosen: The file's channel, counted from 0, of each of the image's; None is left black.
        luma: Whether the image is the grey of a file in RGB instead.
    """

    chosen: tuple[int | None, ...] = ()
    luma: bool = False

    @classmethod
    def parse(cls, given: str | int | Sequence[int]) -> ChannelMap:
        """From text like ``2,0,-`` or ``luma``, or from numbers.

        Raises:
            ConfigurationError: If it is something else.
        """
        if isinstance(given, str) and given.strip() == "luma":
            return cls(luma=True)
        words = given.split(",") if isinstance(given, str) else [given] if isinstance(given, int) else list(given)
        try:
            chosen = tuple(None if str(word).strip() == "-" else int(word) for word in words)
        except ValueError:
            chosen = ()
        if not any(channel is not None for channel in chosen) or any(c is not None and c < 0 for c in chosen):
            raise ConfigurationError(
                f"channels cannot be {brief(given)}: give numbers from 0 like 2,0,1, with - for none, or luma"
            )
        return cls(chosen)

    def __len__(self) -> int:
        return 1 if self.luma else len(self.chosen)

    def of(self, image: NDArray[np.float32], told: str) -> NDArray[np.float32]:
        """(H, W, C) of a file -> (H, W, c)."""
        self.check(image.shape[-1], told)
        if self.luma:
            return image[..., :3] @ np.array(LUMA, np.float32)[:, None]
        black = np.zeros(image.shape[:-1], np.float32)
        return np.stack([black if c is None else image[..., c] for c in self.chosen], axis=-1)

    def check(self, available: int, told: str) -> None:
        """Refuse a file that lacks one of the channels.

        Raises:
            DataError: Opening with ``told``.
        """
        needed = 3 if self.luma else 1 + max(channel for channel in self.chosen if channel is not None)
        if needed > available:
            raise DataError(f"{told} has {available} channels, no channel {needed - 1}: choose others of it")

    def __str__(self) -> str:
        return "luma" if self.luma else ",".join("-" if c is None else str(c) for c in self.chosen)
