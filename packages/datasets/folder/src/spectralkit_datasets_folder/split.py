"""Which files are held out and which are trained on: decided by their content alone.

The first digits of SHA-256 place a file in [0, 1). A file stays where it is whatever it is called, wherever it lies and
whatever joins it; two files of one content are on one side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import attrs

from spectralkit.errors import DataError, told
from spectralkit.pictures.finding import Input

_DIGITS = 13  # 52 bits, as many as a float holds exactly


@attrs.frozen
class File:
    """A picture of the data set.

    Args:
        input: Where it lies.
        digest: SHA-256 of its bytes.
        tiles: How many images it is cut into.
    """

    input: Input
    digest: str
    tiles: int = 1

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.input.path

    @property
    def place(self) -> float:
        """In [0, 1), by its content."""
        return int(self.digest[:_DIGITS], 16) / float(16**_DIGITS)


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read image {path}: {told(error)}") from error


def divide(files: Sequence[File], bounds: Sequence[float]) -> tuple[tuple[File, ...], ...]:
    """Files by the interval that their place lies in; where there are contents enough, none is empty.

    Args:
        files: In any order, which is kept.
        bounds: Between the intervals, ascending, in (0, 1].
    """
    places = sorted({file.place for file in files})
    inner = [bound for bound in bounds if bound < 1]
    edges = [_at_least(places, bound, i + 1, len(inner) - i) for i, bound in enumerate(inner)]
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], min(edges[i - 1] + 1, len(places)))
    ends = [0, *edges, *[len(places)] * (len(bounds) - len(inner) + 1)]
    parts = [set(places[low:high]) for low, high in pairwise(ends)]
    return tuple(tuple(file for file in files if file.place in part) for part in parts)


def _at_least(places: Sequence[float], bound: float, before: int, after: int) -> int:
    """How many places lie below ``bound``, moved so that some are left on both sides."""
    return min(max(sum(place < bound for place in places), before), max(len(places) - after, 0))
