"""Immunohistochemistry super-resolution: real histology from scikit-image.

One 512 x 512 RGB micrograph (colon tissue, DAB + haematoxylin; Cell Biology and Biomedical Research, Harvard, via
scikit-image). Models train on the left three quarters; samples come from the held-out right quarter.

Training is unpaired: the left part is cut into four horizontal bands of 128 pixels; bands 0 and 2 supply the
high-resolution target domain, bands 1 and 3 the low-resolution source domains, so that no pixel is seen in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import torch
from torch import Tensor

from spectralkit.data import Sample, Structure, decimate
from spectralkit.errors import ConfigurationError

SCALES = (4, 8, 16)
TARGET = "high"
SPLIT, BAND = 384, 128


def source_name(scale: int) -> str:
    """The condition of images decimated by ``scale``."""
    return f"low-x{scale}"


def load_pixels() -> Tensor:
    """The whole micrograph, (3, 512, 512) in [0, 1]."""
    from skimage.data import immunohistochemistry

    pixels: np.ndarray = immunohistochemistry()
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))).float() / 255


def _starts(low: int, high: int, size: int, count: int) -> list[int]:
    """``count`` evenly spaced positions of a window of ``size`` in [low, high)."""
    return [round(s) for s in np.linspace(low, high - size, count)]


@attrs.frozen(eq=False)
class Ihc:
    """Held-out crops of the right quarter: ``decimate(crop, scale)`` to be translated into ``crop``.

    64 crops on a grid of 4 columns by 16 rows; neighbours overlap when ``size`` exceeds their distance.

    Args:
        scale: Decimation factor, one of 4, 8, 16.
        size: Side of the crops, divisible by ``scale``, at most 128.
    """

    scale: int = 8
    size: int = 64
    pixels: Tensor = attrs.field(factory=load_pixels, repr=False, init=False)
    name: str = attrs.field(default="ihc", init=False)
    target: str = attrs.field(default=TARGET, init=False)
    structure: Structure = attrs.field(default="rgb", init=False)

    def __attrs_post_init__(self) -> None:
        if self.scale not in SCALES:
            known = ", ".join(map(str, SCALES))
            raise ConfigurationError(f"scale {self.scale} is impossible for data set ihc: choose one of {known}")
        if not 0 < self.size <= BAND or self.size % self.scale:
            raise ConfigurationError(
                f"size {self.size} is impossible for data set ihc: choose a multiple of {self.scale} up to {BAND}"
            )

    @property
    def source(self) -> str:
        return source_name(self.scale)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3, self.size, self.size)

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(index)
        # Rows first in bit-reversed order, so that the first few samples already spread over the strip.
        row, column = int(f"{index % 16:04b}"[::-1], 2), index // 16
        y, x = _starts(0, 512, self.size, 16)[row], _starts(SPLIT, 512, self.size, 4)[column]
        reference = self.pixels[:, y : y + self.size, x : x + self.size]
        return Sample(f"y{y}-x{x}", decimate(reference, self.scale), reference)

    def sources(self) -> Iterator[Tensor]:
        return (decimate(crop, self.scale) for crop in self._training_crops(bands=(1, 3)))

    def targets(self) -> Iterator[Tensor]:
        return self._training_crops(bands=(0, 2))

    def _training_crops(self, bands: tuple[int, int]) -> Iterator[Tensor]:
        for band in bands:
            for y in _starts(band * BAND, (band + 1) * BAND, self.size, 4):
                for x in _starts(0, SPLIT, self.size, 12):
                    yield self.pixels[:, y : y + self.size, x : x + self.size]


@attrs.frozen(eq=False)
class IhcTraining:
    """Random flipped and rotated crops of the left three quarters, unpaired by bands."""

    pixels: Tensor = attrs.field(factory=load_pixels, repr=False, init=False)
    conditions: tuple[str, ...] = attrs.field(default=(*map(source_name, SCALES), TARGET), init=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256((self.pixels * 255).round().byte().numpy().tobytes()).hexdigest()

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        return torch.stack([self._crop(domain, size, generator) for domain in domains])

    def _crop(self, domain: int, size: int, generator: torch.Generator) -> Tensor:
        def below(bound: int) -> int:
            return int(torch.randint(bound, (), generator=generator))

        is_target = self.conditions[domain] == TARGET
        band = 2 * below(2) + (0 if is_target else 1)
        y, x = band * BAND + below(BAND - size + 1), below(SPLIT - size + 1)
        crop = torch.rot90(self.pixels[:, y : y + size, x : x + size], below(4), (-2, -1))
        crop = crop.flip(-1) if below(2) else crop
        return crop if is_target else decimate(crop, SCALES[domain])
