"""Edges2Shoes (Isola et al. 2017): photographs of shoes from their edges, black on white; trained on unpaired.

A training picture shows one domain alone, by the parity of its number: odd ones the edges, even ones the shoe.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.dividing import Division, apart
from spectralkit.pictures.indexing import Index
from spectralkit.pictures.keeping import Kept
from spectralkit.pictures.sifting import OnError
from spectralkit.pictures.unpaired import Unpaired
from spectralkit.pictures.views import Pixels, shrunk
from spectralkit_datasets_edges2shoes.preparation import NAME, READING, SIDE, VERSION, Picture


@attrs.frozen(eq=False)
class Pairs:
    """Pictures of a download.

    Args:
        root: Where it is.
        kept: What has been read.
    """

    root: Path
    kept: Kept = attrs.field(factory=Kept)
    recipe: str = attrs.field(default="halves, bilinear", init=False)

    def id(self, thing: Picture) -> str:
        return thing.id

    def content(self, thing: Picture) -> str:
        return thing.content

    def view(self, thing: Picture, domain: int, side: int) -> Pixels:
        def read() -> Pixels:
            opened = READING.open(self.root / thing.folder / thing.file, 3)
            half = opened.image(0, SIDE * domain, (SIDE, SIDE))
            return Pixels(half if side == SIDE else shrunk(half, side))

        return self.kept.get((thing.id, domain, side), read)


def edges2shoes(
    root: Path,
    *,
    size: int = SIDE,
    compared: int = 512,
    on_error: OnError = "stop",
    index: Path | None = None,
) -> Unpaired[Picture]:
    """Shoes to be made from their edges.

    Args:
        root: Folder of the download, prepared; it holds train and val.
        size: Side of the images, at most 256.
        compared: Training images of each domain that metrics compare with, at the most.
        on_error: Whether files that the index found missing or bad end it (stop) or are told and left out (skip).
        index: Where the index is (default: beside the files).

    Raises:
        SpectralkitError: If the download has not been prepared, or options do not fit together.
    """
    if not 8 <= size <= SIDE:
        raise ConfigurationError(f"size {size} is impossible for data set {NAME}: choose 8 to {SIDE}")
    pictures = [Picture(**row) for row in Index.of(NAME, root, index, VERSION).rows(on_error)]
    return Unpaired(
        name=NAME,
        source="edges",
        target="shoes",
        structure="masked-grey",
        shape=(3, size, size),
        scenes=Pairs(root),
        division=_division(pictures, root),
        compared=compared,
        rotate=False,
    )


def _division(pictures: list[Picture], root: Path) -> Division[Picture]:
    """By folder and parity; a picture whose copy is held out or shows the other domain is left out, and told."""
    samples = sorted((p for p in pictures if p.folder == "val"), key=lambda p: p.number)
    if not samples:
        raise DataError(f"data set {NAME} in {root} has no whole picture in val: complete the download and prepare it")
    odd, even = ([p for p in pictures if p.folder == "train" and p.number % 2 == parity] for parity in (1, 0))
    return apart(samples, odd, even, lambda p: p.content)
