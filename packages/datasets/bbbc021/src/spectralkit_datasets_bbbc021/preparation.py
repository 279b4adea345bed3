"""A download validated and indexed, plate by plate: every file is decoded once, hashed and counted.

What is kept of a plate: its fields whose three files are whole, what is wrong with the others, and how often each
intensity occurs in each stain, of which any percentile is a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.data import Prepared
from spectralkit.errors import ConfigurationError, DataError, SpectralkitError, told
from spectralkit.pictures.dividing import digest_of_all
from spectralkit.pictures.indexing import Found, Index, Unit
from spectralkit.pictures.intensity import Intensity
from spectralkit.pictures.reading import Reading
from spectralkit.plugins.text import brief, nearest
from spectralkit.whole import write_whole
from spectralkit_datasets_bbbc021.field import Field
from spectralkit_datasets_bbbc021.table import IMAGES, STAINS, Row, read_images, read_mechanisms

NAME, VERSION = "bbbc021", 1
LEVELS = 1 << 16
READING = Reading(intensity=Intensity())

Counts = NDArray[np.int64]
"""(3, 65536): how often each intensity occurs in each stain."""


def prepare(
    root: Path, tell: Callable[[str], None], plates: str | tuple[str, ...] = (), index: Path | None = None
) -> Prepared:
    """Validate and index a download.

    Args:
        root: Holds the two tables and the plates' folders.
        tell: Is told a line a plate.
        plates: The one or those that were downloaded (default: all of the table).
        index: Where the index goes (default: beside the files).

    Raises:
        SpectralkitError: If there is no table, a plate is unknown, or the index cannot be written.
    """
    problems, plates = list[str](), names(plates)
    rows = sorted(read_images(root, problems), key=lambda row: row.plate)
    by_plate = {plate: list(group) for plate, group in groupby(rows, key=lambda row: row.plate)}
    for plate in plates:
        if plate not in by_plate:
            raise ConfigurationError(
                f"table {root / IMAGES} has no plate {brief(plate)}: {nearest(plate, by_plate)}it has {len(by_plate)}"
            )
    try:
        read_mechanisms(root)
    except DataError as error:
        problems.append(str(error))
    chosen = {plate: fields for plate, fields in by_plate.items() if not plates or plate in plates}
    kept = Index.of(NAME, root, index, VERSION)
    found = kept.make(
        [_unit(root, plate, fields) for plate, fields in chosen.items()],
        lambda unit: Plate(kept, _folder(root, chosen[unit.name][0]), chosen[unit.name]).look(),
        tell,
        problems,
    )
    fields, good = len(found.rows), {row["plate"] for row in found.rows}
    return Prepared({"plates": len(good), "fields": fields, "files": 3 * fields}, found.problems)


def names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """One name, or several."""
    return (given,) if isinstance(given, str) else given


def _folder(root: Path, row: Row) -> Path:
    """Where a plate's archive was unpacked: in the root, or in the folder of its week."""
    inner = root / row.week / row.plate
    return inner if inner.is_dir() else root / row.plate


def _unit(root: Path, plate: str, rows: Sequence[Row]) -> Unit:
    folder = _folder(root, rows[0])
    files = tuple(folder / name for row in rows for name in row.files)
    return Unit(plate, (folder, *files), repr(rows))


@attrs.frozen
class Plate:
    """A plate that is looked at.

    Args:
        index: Where its counts go.
        folder: Where its files lie.
        rows: Its fields, by the table.
    """

    index: Index
    folder: Path
    rows: Sequence[Row]

    def look(self) -> Found:
        """Its good fields, and what is wrong with the others."""
        plate = self.rows[0].plate
        expected = {name for row in self.rows for name in row.files}
        try:
            present = {path.name for path in self.folder.iterdir()}
        except FileNotFoundError:
            archive = f"BBBC021_v1_images_{plate}.zip"
            return Found((), [f"{self.folder} is missing, {len(expected)} files: unpack {archive}"])
        except OSError as error:
            return Found((), [f"{self.folder} with {len(expected)} files: {told(error)}"])
        strange = sorted(name for name in present - expected if name.lower().endswith((".tif", ".tiff")))
        problems = [f"{self.folder / name} is in no row of {IMAGES}" for name in strange]
        good: list[dict[str, Any]] = []
        counts = np.zeros((len(STAINS), LEVELS), np.int64)
        for row in self.rows:
            if lacking := [name for name in row.files if name not in present]:
                problems.extend(f"{self.folder / name} is missing" for name in lacking)
                continue
            try:
                good.append(self._field(row, counts).as_row())
            except SpectralkitError as error:
                problems.append(str(error))
        packed = BytesIO()
        np.savez_compressed(packed, counts=counts)
        write_whole(counts_of(self.index, plate), packed.getbuffer())
        return Found(good, problems)

    def _field(self, row: Row, counts: Counts) -> Field:
        """A field, whose intensities are counted."""
        paths = [self.folder / name for name in row.files]
        opened = [_pixels(path) for path in paths]
        sizes = {pixels.shape for pixels in opened}
        if len(sizes) > 1:
            raise DataError(f"{paths[0]} and the files of its other stains differ in size")
        content = digest_of_all(paths)
        for stain, pixels in enumerate(opened):
            counts[stain] += np.bincount(pixels.ravel(), minlength=LEVELS)
        return Field(
            id=row.id,
            plate=row.plate,
            well=row.well,
            compound=row.compound,
            concentration=row.concentration,
            folder=self.folder.relative_to(self.index.root).as_posix(),
            files=row.files,
            size=opened[0].shape,
            content=content,
        )


def _pixels(path: Path) -> NDArray[np.uint16]:
    """(H, W) as stored."""
    pixels = READING.open(path, 1).pixels
    if pixels.dtype != np.uint16:
        raise DataError(f"image {path} {READING.look(path, 1).told}, and 16 bits are wanted: fetch it again")
    return pixels[..., 0]


def counts_of(index: Index, plate: str) -> Path:
    """The file of a plate's counts."""
    return index.folder / f"{plate}.npz"
