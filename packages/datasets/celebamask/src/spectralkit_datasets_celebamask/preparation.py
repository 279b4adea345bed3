"""A download validated and indexed, two thousand faces at a time, as the folders of its masks hold them.

``CelebA-HQ-img/0.jpg`` goes with ``CelebAMask-HQ-mask-anno/0/00000_skin.png`` and the other parts that can be seen.
``CelebA-HQ-to-CelebA-mapping.txt`` says which image of CelebA it is, and so in which part of CelebA's own division.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from spectralkit.data import Prepared
from spectralkit.errors import DataError, SpectralkitError, told
from spectralkit.pictures.decoding import decode
from spectralkit.pictures.dividing import digest_of_all
from spectralkit.pictures.indexing import Found, Index, Unit
from spectralkit.pictures.reading import Reading

NAME, VERSION = "celebamask", 1
IMAGES, MASKS, MAPPING = "CelebA-HQ-img", "CelebAMask-HQ-mask-anno", "CelebA-HQ-to-CelebA-mapping.txt"
FOLDER = 2000
"""Faces in a folder of masks."""

MASK_SIDE = 512
PARTS = (
    *("skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"),
    *("mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
"""From behind to the front, as masks are put on one another."""

READING = Reading()
VALIDATION, TEST = 162_770, 182_637
"""Numbers in CelebA, from 0, at which its validation and its test images begin; nobody is in two of the parts."""

_MASK = re.compile(r"(\d{5})_(\w+)\.png")

Listed = dict[int, dict[str, Path]]
"""Masks by face and part."""


@attrs.frozen
class Face:
    """A face whose photograph and masks are whole.

    Args:
        number: In CelebAMask-HQ.
        part: Of CelebA's division: ``train``, ``val`` or ``test``.
        masks: What can be seen, of :data:`PARTS`, in their order.
        content: SHA-256 of its files.
    """

    number: int
    part: str
    masks: tuple[str, ...]
    content: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> Face:
        """From the index."""
        return cls(**row | {"masks": tuple(row["masks"])})

    def photograph(self, root: Path) -> Path:
        """Where it lies."""
        return root / IMAGES / f"{self.number}.jpg"

    def mask(self, root: Path, part: str) -> Path:
        """Where one of its masks lies."""
        return root / MASKS / str(self.number // FOLDER) / f"{self.number:05}_{part}.png"


def prepare(root: Path, tell: Callable[[str], None], index: Path | None = None) -> Prepared:
    """Validate and index a download.

    Args:
        root: Holds the folders of images and of masks, and the mapping to CelebA.
        tell: Is told a line two thousand faces.
        index: Where the index goes (default: beside the files).

    Raises:
        SpectralkitError: If the mapping is not there, or the index cannot be written.
    """
    problems: list[str] = []
    mapping = read_mapping(root / MAPPING)
    folders = sorted({number // FOLDER for number in mapping})
    masks = _masks(root, folders, problems)
    units, faces = [], {}
    for folder in folders:
        numbers = [number for number in mapping if number // FOLDER == folder]
        files = [root / IMAGES / f"{n}.jpg" for n in numbers] + [p for n in numbers for p in masks[n].values()]
        faces[f"faces-{folder}"] = {n: mapping[n] for n in numbers}
        units.append(Unit(f"faces-{folder}", tuple(files), repr(faces[f"faces-{folder}"])))
    kept = Index.of(NAME, root, index, VERSION)
    found = kept.make(units, lambda unit: _look(root, faces[unit.name], masks), tell, problems)
    counts = {f"faces of {len(mapping)}": len(found.rows), "masks": sum(len(row["masks"]) for row in found.rows)}
    return Prepared(counts, found.problems)


def read_mapping(path: Path) -> dict[int, int]:
    """The number in CelebA by that in CelebAMask-HQ.

    Raises:
        DataError: If there is no such table.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]  # the first names the columns
        found = {int(words[0]): int(words[1]) for words in map(str.split, lines) if words}
    except OSError as error:
        raise DataError(f"cannot read table {path}: {told(error)}") from error
    except (ValueError, IndexError) as error:
        raise DataError(f"table {path} is damaged: fetch it again") from error
    if not found:
        raise DataError(f"table {path} is empty: fetch it again")
    return dict(sorted(found.items()))


def _masks(root: Path, folders: list[int], problems: list[str]) -> Listed:
    """All masks; what is called otherwise, or lies elsewhere, is a problem."""
    found: Listed = defaultdict(dict)
    for folder in folders:
        try:
            paths = sorted((root / MASKS / str(folder)).iterdir())
        except OSError as error:
            problems.append(f"{root / MASKS / str(folder)} with the masks of {FOLDER} faces: {told(error)}")
            continue
        for path in paths:
            named = _MASK.fullmatch(path.name)
            if named is None or named[2] not in PARTS:
                problems.append(f"{path} is not called like 00000_skin.png")
            elif int(named[1]) // FOLDER != folder:
                problems.append(f"{path} lies in the wrong folder: move it to {int(named[1]) // FOLDER}")
            else:
                found[int(named[1])][named[2]] = path
    return found


def _look(root: Path, faces: Mapping[int, int], masks: Listed) -> Found:
    rows, problems = [], []
    for number, original in faces.items():
        bad = list(_problems(root, number, masks[number]))
        if bad:
            problems.extend(bad)
            continue
        part = "train" if original < VALIDATION else "val" if original < TEST else "test"
        seen = tuple(name for name in PARTS if name in masks[number])
        files = [root / IMAGES / f"{number}.jpg", *(masks[number][name] for name in seen)]
        rows.append(attrs.asdict(Face(number, part, seen, digest_of_all(files))))
    return Found(rows, problems)


def _problems(root: Path, number: int, masks: Mapping[str, Path]) -> Iterator[str]:
    """What is wrong with a face's files."""
    photograph = root / IMAGES / f"{number}.jpg"
    if not masks:
        yield f"{photograph} has no mask in {root / MASKS / str(number // FOLDER)}"
    attempts: list[Callable[[], object]] = [partial(READING.open, photograph, 3)]
    attempts.extend(partial(read_mask, path) for path in masks.values())
    for attempt in attempts:
        try:
            attempt()
        except SpectralkitError as error:
            yield str(error)


def read_mask(path: Path) -> NDArray[np.bool_]:
    """(512, 512): where a part is.

    Raises:
        DataError: If it cannot be read or is of another size.
    """
    found = decode(path)
    layout = found.layout
    if layout.size != (MASK_SIDE, MASK_SIDE) or layout.is_deep:
        height, width = layout.size
        raise DataError(f"mask {path} is {width}x{height} and {layout.told[3:]}, and 8 bits of 512x512 are wanted")
    return np.asarray(found.pixels[..., 0] > 127)
