"""Fields of view as images: actin, tubulin and DNA as red, green and blue, scaled by the percentiles of their plate."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectralkit.data import decimate
from spectralkit.errors import DataError
from spectralkit.pictures.indexing import Index
from spectralkit.pictures.intensity import Intensity
from spectralkit.pictures.keeping import Kept
from spectralkit.pictures.reading import Opened
from spectralkit.pictures.unpaired import SOURCE
from spectralkit_datasets_bbbc021.field import Field
from spectralkit_datasets_bbbc021.preparation import READING, counts_of
from spectralkit_datasets_bbbc021.table import STAINS


@attrs.frozen(eq=False)
class Micrograph:
    """A field's three files, decoded.

    Args:
        stains: Red first.
        scale: Of what is made of it by nearest decimation; 1 leaves it as it is.
    """

    stains: tuple[Opened, ...]
    scale: int

    @property
    def size(self) -> tuple[int, int]:
        return self.stains[0].size

    def image(self, y: int, x: int, size: tuple[int, int]) -> Tensor:
        return decimate(torch.cat([stain.image(y, x, size) for stain in self.stains]), self.scale)


@attrs.frozen(eq=False)
class Fields:
    """All fields of a download.

    Args:
        index: Where it is and what is known of it.
        intensity: Which percentiles of a plate become 0 and 1.
        scale: Of the sources.
        kept: The limits of plates.
    """

    index: Index
    intensity: Intensity
    scale: int
    kept: Kept = attrs.field(factory=Kept)

    @property
    def recipe(self) -> str:
        return f"{', '.join(STAINS)} {self.intensity} /{self.scale}"

    def id(self, thing: Field) -> str:
        return thing.id

    def content(self, thing: Field) -> str:
        return thing.content

    def view(self, thing: Field, domain: int, side: int) -> Micrograph:
        folder, limits = self.index.root / thing.folder, self.limits(thing.plate)
        stains = tuple(
            attrs.evolve(READING.open(folder / name, 1), limits=limits[:, stain : stain + 1])
            for stain, name in enumerate(thing.files)
        )
        for stain in stains:
            if stain.size != thing.size:
                raise changed(stain.path)
        return Micrograph(stains, self.scale if domain == SOURCE else 1)

    def limits(self, plate: str) -> NDArray[np.float64]:
        """(2, 3): which intensities of a plate's stains become 0 and 1."""
        wanted = (self.intensity.low, self.intensity.high)
        return self.kept.get(plate, lambda: percentiles(counts_of(self.index, plate), wanted))


def changed(path: Path) -> DataError:
    """The error of a file that is not what was indexed."""
    return DataError(f"image {path} is another one than was indexed: prepare the data set again")


def percentiles(path: Path, wanted: tuple[float, float]) -> NDArray[np.float64]:
    """(2, 3): the smallest intensity that at least this share of a stain's pixels does not exceed.

    Raises:
        DataError: If the file is damaged, or a stain is flat between them.
    """
    try:
        with np.load(path, allow_pickle=False) as packed:
            sums = packed["counts"].cumsum(axis=1)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"index {path} is damaged: remove it and prepare the data set again") from error
    shares = np.array(wanted) / 100
    found = np.array([[np.searchsorted(row, max(share * row[-1], 1)) for row in sums] for share in shares], np.float64)
    if flat := [STAINS[i] for i in range(len(STAINS)) if not found[0, i] < found[1, i]]:
        raise DataError(
            f"stain {flat[0]} of {path.stem} is flat between percentiles {wanted[0]:g} and {wanted[1]:g}: choose others"
        )
    return found
