"""A download validated and indexed, a thousand pictures at a time: ``train/1_AB.jpg``, ``val/1_AB.jpg``, ..."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import attrs

from spectralkit.data import Prepared
from spectralkit.errors import DataError, SpectralkitError, told
from spectralkit.pictures.dividing import digest_of
from spectralkit.pictures.finding import SUFFIXES
from spectralkit.pictures.indexing import Found, Index, Unit
from spectralkit.pictures.reading import Reading

NAME, VERSION = "edges2shoes", 1
SIDE = 256
COUNTS = {"train": 49_825, "val": 200}
"""Pictures of a whole download."""

READING = Reading()

_NAMED = re.compile(r"(\d+)_AB\.jpe?g", re.IGNORECASE)
_MANY = 1000


@attrs.frozen
class Picture:
    """A file with edges on the left and the photograph on the right.

    Args:
        folder: ``train`` or ``val``.
        number: In its name.
        file: Its name.
        content: SHA-256 of it.
    """

    folder: str
    number: int
    file: str
    content: str

    @property
    def id(self) -> str:
        """Which no other has."""
        return f"{self.folder}-{self.number}"


def prepare(root: Path, tell: Callable[[str], None], index: Path | None = None) -> Prepared:
    """Validate and index a download.

    Args:
        root: Holds the folders ``train`` and ``val``.
        tell: Is told a line a thousand pictures.
        index: Where the index goes (default: beside the files).

    Raises:
        SpectralkitError: If the folders are not there, or the index cannot be written.
    """
    problems: list[str] = []
    units: list[Unit] = []
    for folder, whole in COUNTS.items():
        numbered = _numbered(root / folder, problems)
        problems.extend(_missing(root / folder, sorted(numbered), whole))
        parts = groupby(sorted(numbered), key=lambda number: number // _MANY)
        units.extend(Unit(f"{folder}-{part}", tuple(numbered[n] for n in numbers)) for part, numbers in parts)
    found = Index.of(NAME, root, index, VERSION).make(units, _look, tell, problems)
    counts = {
        f"{folder} of {whole}": sum(row["folder"] == folder for row in found.rows) for folder, whole in COUNTS.items()
    }
    return Prepared(counts, found.problems)


def _numbered(folder: Path, problems: list[str]) -> Mapping[int, Path]:
    """The pictures of a folder by their number; what is called otherwise, or twice, is a problem."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot look into folder {folder}: {told(error)}") from error
    found: dict[int, Path] = {}
    for path in paths:
        named = _NAMED.fullmatch(path.name)
        if named is None and path.suffix.lower() in SUFFIXES:
            problems.append(f"{path} is not called like 1_AB.jpg")
        elif named is not None and (number := int(named[1])) in found:
            problems.append(f"{path} has the number of {found[number].name}")
        elif named is not None:
            found[int(named[1])] = path
    return found


def _missing(folder: Path, numbers: Sequence[int], whole: int) -> Iterator[str]:
    """Gaps in the numbers, where there are fewer than of a whole download."""
    if len(numbers) >= whole:
        return
    for before, after in zip([0, *numbers], numbers, strict=False):
        if (gap := after - before - 1) == 1:
            yield f"{folder / f'{before + 1}_AB.jpg'} is missing"
        elif gap > 1:
            yield f"{folder / f'{before + 1}_AB.jpg'} to {after - 1}_AB.jpg are missing, {gap} files"


def _look(unit: Unit) -> Found:
    rows, problems = [], []
    for path in unit.files:
        try:
            rows.append(attrs.asdict(_picture(path)))
        except SpectralkitError as error:
            problems.append(str(error))
    return Found(rows, problems)


def _picture(path: Path) -> Picture:
    """A file that decodes to what it should."""
    size = READING.look(path, 3).size
    if size != (SIDE, 2 * SIDE):
        raise DataError(f"image {path} is {size[1]}x{size[0]}, and {2 * SIDE}x{SIDE} is wanted")
    READING.open(path, 3)
    return Picture(path.parent.name, int(path.name.partition("_")[0]), path.name, digest_of(path))
