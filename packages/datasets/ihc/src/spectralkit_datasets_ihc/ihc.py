"""Immunohistochemistry: real histology, from low resolution or from edges to what the microscope saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import attrs
from torch import Tensor

from spectralkit.data import Sample, Structure
from spectralkit.errors import ConfigurationError
from spectralkit_datasets_ihc.domains import DOMAINS, EDGES, SCALES, TARGET, source_name
from spectralkit_datasets_ihc.micrograph import HELD_OUT, Crop, check_size, crops, load_pixels

Task = Literal["super-resolution", "edges"]

DEFAULT_SCALE = 16


@attrs.frozen(eq=False)
class Ihc:
    """Held-out crops, degraded, to be translated into themselves.

    16 crops of each of the four held-out tiles; neighbours overlap. Above 125 pixels a tile holds 9, 4 or 1.

    Args:
        task: From what: ``super-resolution`` from decimated crops, ``edges`` from their edge maps, black on white.
        scale: Decimation factor of super-resolution, one of 4, 8, 16; None is 16.
        size: Side of the crops, at most 128; divisible by ``scale``.
    """

    task: Task = "super-resolution"
    scale: int | None = None
    size: int = 64
    pixels: Tensor = attrs.field(factory=load_pixels, repr=False, init=False)
    name: str = attrs.field(default="ihc", init=False)
    target: str = attrs.field(default=TARGET, init=False)

    def __attrs_post_init__(self) -> None:
        if self.task not in get_args(Task):
            known = " or ".join(get_args(Task))
            raise ConfigurationError(f"task {self.task} is impossible for data set ihc: choose {known}")
        if self.task == "edges" and self.scale is not None:
            raise ConfigurationError(
                f"scale {self.scale} has no meaning for task edges of data set ihc: leave it out, or choose task "
                "super-resolution"
            )
        if self.scale not in (None, *SCALES):
            known = ", ".join(map(str, SCALES))
            raise ConfigurationError(f"scale {self.scale} is impossible for data set ihc: choose one of {known}")
        check_size(self.size, self._multiple)

    @property
    def _multiple(self) -> int:
        """What the side of a crop must be divisible by: the decimation factor, where there is one."""
        if self.task == "edges":
            return 1
        return DEFAULT_SCALE if self.scale is None else self.scale

    @property
    def source(self) -> str:
        return EDGES if self.task == "edges" else source_name(self._multiple)

    @property
    def structure(self) -> Structure:
        return "masked-grey" if self.task == "edges" else "rgb"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3, self.size, self.size)

    def __len__(self) -> int:
        return len(self._held_out())

    def __getitem__(self, index: int) -> Sample:
        if index < 0:
            raise IndexError(index)
        crop = self._held_out()[index]
        reference = crop.of(self.pixels)
        return Sample(f"y{crop.y}-x{crop.x}", DOMAINS[self.source].show(reference), reference)

    def sources(self) -> Iterator[Tensor]:
        return self._training_images(self.source)

    def targets(self) -> Iterator[Tensor]:
        return self._training_images(self.target)

    def _held_out(self) -> tuple[Crop, ...]:
        return tuple(crops(HELD_OUT, self.size))

    def _training_images(self, condition: str) -> Iterator[Tensor]:
        domain = DOMAINS[condition]
        return (domain.show(crop.of(self.pixels)) for crop in crops(domain.places, self.size))
