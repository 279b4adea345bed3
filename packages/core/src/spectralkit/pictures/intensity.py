"""How stored values become [0, 1]: x -> (x - low) / (high - low), clamped; both ends are said, never guessed.

``full`` takes the limits of the stored type, ``200:4000`` those two values, ``0.1%:99.9%`` these percentiles of each
channel of each file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.layout import Pixels
from spectralkit.plugins.text import brief

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PAIR = re.compile(rf"({_NUMBER})(%?):({_NUMBER})(%?)")


@attrs.frozen
class Intensity:
    """A scaling of intensities.

    Args:
        kind: ``full``, ``limits`` or ``percentiles``.
        low: What becomes 0: a value or a percentile.
        high: What becomes 1.
    """

    kind: Literal["full", "limits", "percentiles"] = "full"
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Intensity:
        """``full``, ``LOW:HIGH`` or ``P%:Q%``.

        Raises:
            ConfigurationError: If it is something else.
        """
        if text == "full":
            return cls()
        found = _PAIR.fullmatch(text.replace(" ", ""))
        if found is None or found[2] != found[4]:
            raise ConfigurationError(
                f"intensity cannot be {brief(text)}: give full, two values like 0:4095, or two percentiles like "
                "0.1%:99.9%"
            )
        low, high = float(found[1]), float(found[3])
        if not low < high or (found[2] and not 0 <= low < high <= 100):
            raise ConfigurationError(f"intensity cannot be {brief(text)}: the first must be below the second")
        return cls("percentiles" if found[2] else "limits", low, high)

    def limits(self, pixels: Pixels, path: Path, numbers: Sequence[int]) -> NDArray[np.float64]:
        """(2, C): what becomes 0 and what becomes 1 in each channel.

        Args:
            pixels: (H, W, C).
            path: Their file.
            numbers: Its channels that they are, for messages.

        Raises:
            DataError: If a value is not finite, outside of what ``full`` spans, or a channel is flat.
        """
        channels = pixels.shape[-1]
        if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
            raise DataError(f"image {path} holds NaN or infinity: repair it")
        if self.kind == "limits":
            return np.repeat([[self.low], [self.high]], channels, axis=1)
        if self.kind == "percentiles":
            found = np.percentile(pixels, (self.low, self.high), axis=(0, 1))
            if flat := [str(numbers[c]) for c in range(channels) if not found[0, c] < found[1, c]]:
                raise DataError(
                    f"image {path} is flat between percentiles {self.low:g} and {self.high:g} in channel "
                    f"{', '.join(flat)}: give limits"
                )
            return found.astype(np.float64)
        return np.repeat([[0.0], [_span(pixels, path)]], channels, axis=1)

    def __str__(self) -> str:
        unit = "%" if self.kind == "percentiles" else ""
        return self.kind if self.kind == "full" else f"{self.low:g}{unit}:{self.high:g}{unit}"


def _span(pixels: Pixels, path: Path) -> float:
    """The largest value of the stored type, whose smallest is 0."""
    if pixels.dtype.kind == "u":
        return float(np.iinfo(pixels.dtype).max)
    low, high = (float(bound) for bound in (pixels.min(), pixels.max()))
    if pixels.dtype.kind != "f" or low < 0 or high > 1:
        raise DataError(
            f"image {path} has values from {low:g} to {high:g}, which intensity full does not take for [0, 1]: "
            "give limits or percentiles"
        )
    return 1.0


def scaled(pixels: Pixels, limits: NDArray[np.float64]) -> NDArray[np.float32]:
    """(H, W, C) in [0, 1] by (2, C) limits."""
    exact = np.float32 if pixels.dtype.itemsize <= 2 else np.float64
    if (limits == limits[:, :1]).all():
        limits = limits[:, :1]  # one number for all channels is five times as fast as one for each
    low, high = limits.astype(exact)
    image: NDArray[Any] = pixels.astype(exact)
    np.subtract(image, low, out=image)
    np.divide(image, high - low, out=image)
    return image.clip(0, 1).astype(np.float32, copy=False)
