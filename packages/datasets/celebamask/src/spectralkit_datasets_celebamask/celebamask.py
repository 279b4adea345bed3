"""CelebAMask-HQ (Lee et al. 2020): faces from the outlines of their parts or from coloured masks; trained on unpaired.

A training face shows one domain alone, by the parity of its number: even ones the source, odd ones the photograph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.dividing import apart
from spectralkit.pictures.indexing import Index
from spectralkit.pictures.sifting import OnError
from spectralkit.pictures.unpaired import Unpaired
from spectralkit_datasets_celebamask.faces import Faces, Task
from spectralkit_datasets_celebamask.preparation import MASK_SIDE, NAME, VERSION, Face


def celebamask(
    root: Path,
    *,
    task: Task = "sketch",
    size: int = 256,
    held_out: Literal["test", "val"] = "test",
    compared: int = 512,
    on_error: OnError = "stop",
    index: Path | None = None,
) -> Unpaired[Face]:
    """Faces to be made from their parts.

    Args:
        root: Folder of the download, prepared; it holds CelebA-HQ-img and CelebAMask-HQ-mask-anno.
        task: What is translated: the outlines of the parts, black on white (sketch), or the parts in colours (masks).
        size: Side of the images, at most 512.
        held_out: Part of CelebA's own division that is translated; the other one of the two is not used at all.
        compared: Training images of each domain that metrics compare with, at the most.
        on_error: Whether files that the index found missing or bad end it (stop) or are told and left out (skip).
        index: Where the index is (default: beside the files).

    Raises:
        SpectralkitError: If the download has not been prepared, or options do not fit together.
    """
    if not 8 <= size <= MASK_SIDE:
        raise ConfigurationError(f"size {size} is impossible for data set {NAME}: choose 8 to {MASK_SIDE}")
    faces = [Face.of(row) for row in Index.of(NAME, root, index, VERSION).rows(on_error)]
    samples = [face for face in faces if face.part == held_out]
    if not samples:
        raise DataError(f"data set {NAME} in {root} has no whole face in {held_out}: complete the download, prepare it")
    even, odd = ([face for face in faces if face.part == "train" and face.number % 2 == n] for n in (0, 1))
    return Unpaired(
        name=NAME,
        source=task,
        target="faces",
        structure="masked-grey",
        shape=(3, size, size),
        scenes=Faces(root, task),
        division=apart(samples, even, odd, lambda face: face.content),
        compared=compared,
        rotate=False,
    )
