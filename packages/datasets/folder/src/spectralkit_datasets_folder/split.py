"""Which files are held out and which are trained on: decided by their content alone.

A file stays where it is whatever it is called, wherever it lies and whatever joins it; two files of one content are on
one side. See :mod:`spectralkit.pictures.dividing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs

from spectralkit.pictures import dividing
from spectralkit.pictures.finding import Input


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


def divide(files: Sequence[File], bounds: Sequence[float]) -> tuple[tuple[File, ...], ...]:
    """Files by the interval that the place of their content lies in."""
    return dividing.divide(files, lambda file: file.digest, bounds)
