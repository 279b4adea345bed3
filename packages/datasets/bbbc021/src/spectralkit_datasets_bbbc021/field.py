"""A field of view, as the index has it."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen
class Field:
    """A field of view whose three files are whole.

    Args:
        id: Like ``Week4_27481-G10-s1``.
        plate: Like ``Week4_27481``.
        well: Like ``G10``.
        compound: That its cells were treated with.
        concentration: In micromolar.
        folder: Of its files, below the root.
        files: Of actin, tubulin and DNA.
        size: (H, W).
        content: SHA-256 of its files.
    """

    id: str
    plate: str
    well: str
    compound: str
    concentration: float
    folder: str
    files: tuple[str, ...]
    size: tuple[int, ...]
    content: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> Field:
        """From the index."""
        return cls(**row | {"files": tuple(row["files"]), "size": tuple(row["size"])})

    def as_row(self) -> dict[str, Any]:
        """As the index holds it."""
        return attrs.asdict(self, recurse=False)
