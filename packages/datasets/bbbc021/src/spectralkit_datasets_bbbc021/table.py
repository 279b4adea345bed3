"""The Broad's tables: which files are one field of view, and what its cells were treated with.

``BBBC021_v1_image.csv`` has a row per field: a file for each stain in ``Week4/Week4_27481``, which an archive unpacks
as ``Week4_27481``. ``BBBC021_v1_moa.csv`` has the mechanism of action of some compounds at some concentrations.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import attrs

from spectralkit.errors import DataError, told

IMAGES, MECHANISMS = "BBBC021_v1_image.csv", "BBBC021_v1_moa.csv"

STAINS = ("Actin", "Tubulin", "DAPI")
"""Red, green and blue, by the names of the columns."""

_PLATE, _WELL, _NUMBER = "Image_Metadata_Plate_DAPI", "Image_Metadata_Well_DAPI", "ImageNumber"
_COMPOUND, _CONCENTRATION = "Image_Metadata_Compound", "Image_Metadata_Concentration"
_NEEDED = {
    *(_PLATE, _WELL, _NUMBER, _COMPOUND, _CONCENTRATION),
    *(f"Image_{kind}_{stain}" for kind in ("FileName", "PathName") for stain in STAINS),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SITE = re.compile(r"(?:^|_)[A-P]\d\d_(s\d+)_w\d")
"""Of file names like ``G10_s1_w1...``, of other weeks ``Week1_150607_G10_s1_w1...``."""


@attrs.frozen
class Row:
    """A field of view as the table has it.

    Args:
        line: Of the table, for messages.
        plate: Like ``Week4_27481``.
        well: Like ``G10``.
        site: In the well, like ``s1``.
        compound: That its cells were treated with; DMSO are controls.
        concentration: In micromolar.
        week: The folder that holds the plate's in the table, like ``Week4``.
        files: Names of the files of :data:`STAINS`.
    """

    line: int
    plate: str
    well: str
    site: str
    compound: str
    concentration: float
    week: str
    files: tuple[str, str, str]

    @property
    def id(self) -> str:
        """Of the field, which no other has."""
        return f"{self.plate}-{self.well}-{self.site}"


def read_images(root: Path, problems: list[str]) -> list[Row]:
    """The rows of the table; those that cannot be used, or have a field's or a file's name once more, are problems.

    Raises:
        DataError: If there is no table, or it lacks columns.
    """
    path, rows = root / IMAGES, []
    seen: dict[str, int] = {}
    for line, columns in _lines(path, _NEEDED):
        try:
            row = _row(line, columns)
        except (ValueError, TypeError) as error:  # TypeError: a line with too few columns
            problems.append(f"{path} line {line}: {error if isinstance(error, ValueError) else 'it is cut off'}")
            continue
        names = [row.id, *(f"{row.plate}/{name}" for name in row.files)]
        if twice := [name for name in names if name in seen]:
            problems.append(f"{path} line {line}: {twice[0]} stands in line {seen[twice[0]]} already")
            continue
        seen.update(dict.fromkeys(names, line))
        rows.append(row)
    return rows


def read_mechanisms(root: Path) -> dict[tuple[str, float], str]:
    """Mechanism of action by compound and concentration.

    Raises:
        DataError: If there is no table, or it is none.
    """
    path, found = root / MECHANISMS, {}
    for line, columns in _lines(path, {"compound", "concentration", "moa"}):
        try:
            found[columns["compound"], float(columns["concentration"])] = columns["moa"]
        except (ValueError, TypeError) as error:
            raise DataError(f"{path} line {line} is damaged: fetch it again") from error
    return found


def _row(line: int, columns: dict[str, str]) -> Row:
    files = tuple(columns[f"Image_FileName_{stain}"] for stain in STAINS)
    folders = {columns[f"Image_PathName_{stain}"] for stain in STAINS}
    plate, well = columns[_PLATE], columns[_WELL]
    for name in (plate, well, *files):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a plate, well or file")
    week = PurePosixPath(*folders).parent.name
    if folders != {f"{week}/{plate}"}:
        raise ValueError(f"its files lie in {', '.join(sorted(folders))}, not in the folder of plate {plate}")
    site = _SITE.search(columns["Image_FileName_DAPI"])
    number = f"i{int(columns[_NUMBER])}" if site is None else site[1]
    concentration = float(columns[_CONCENTRATION])
    return Row(line, plate, well, number, columns[_COMPOUND], concentration, week, (files[0], files[1], files[2]))


def _lines(path: Path, needed: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a table by their columns, whatever their ends: one of the two is as old Macs write it."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if lacking := sorted(needed - set(reader.fieldnames or ())):
                raise DataError(f"table {path} has no column {lacking[0]}: fetch it again")
            for columns in reader:
                yield reader.line_num, columns
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"table {path} is damaged: fetch it again") from error
    except OSError as error:
        raise DataError(f"cannot read table {path}: {told(error)}") from error
