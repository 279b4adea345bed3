"""The files of a data set: found, looked at, and shared out between the domains and the samples held out.

Two folders: the held-out source files are the samples, the other ones and the target's are trained on. One folder and a
degradation: a part is held out, one shows the source degraded, one the target, so that nothing is paired.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import attrs

from spectralkit.errors import DataError
from spectralkit.pictures.dividing import digest_of, halves
from spectralkit.pictures.finding import Input, find_inside
from spectralkit.pictures.sifting import OnError, named, sift
from spectralkit_datasets_folder.cutting import Cutter
from spectralkit_datasets_folder.split import File, divide


@attrs.frozen
class Contents:
    """Who shows what.

    Args:
        samples: What is translated, with the real image of the target where one is known.
        source: Training files of the source domain.
        target: Training files of the target domain; none has the content of a sample's reference.
    """

    samples: tuple[tuple[File, File | None], ...]
    source: Sequence[File]
    target: Sequence[File]


@attrs.frozen
class Finder:
    """How folders are looked at.

    Args:
        cutter: How their pictures become images.
        side: Of the images.
        recursive: Whether subfolders are opened.
        on_error: What becomes of files that cannot be used.
        held_out: The share of files that are held out, in (0, 1].
    """

    cutter: Cutter
    side: int
    recursive: bool
    on_error: OnError
    held_out: float

    def degraded(self, folder: Path) -> Contents:
        """One folder, whose pictures are references, sources when degraded, or targets.

        Raises:
            DataError: If its files cannot be used, or are too few.
        """
        files = self.files(folder)
        _check_count(folder, files, 1 if self.held_out == 1 else 3)
        parts = halves(files, lambda file: file.digest, self.held_out)
        return Contents(tuple((file, file) for file in parts.samples), parts.source, parts.target)

    def unpaired(self, source: Path, target: Path, reference: Path | None) -> Contents:
        """A folder for each domain, and maybe one with a reference for each held-out source, of its name.

        Raises:
            DataError: If files cannot be used, are too few, or a reference is missing.
        """
        files = self.files(source)
        _check_count(source, files, 1 if self.held_out == 1 else 2)
        held, trained = divide(files, (self.held_out,))
        pairs = self._paired(held, reference) if reference is not None else tuple((file, None) for file in held)
        shown = {file.digest for pair in pairs for file in pair if file is not None}
        targets = tuple(file for file in self.files(target) if file.digest not in shown)
        return Contents(pairs, trained, targets)

    def files(self, folder: Path) -> tuple[File, ...]:
        """The pictures of a folder, each of them looked at; with ``skip`` decoded too, so that none fails later."""
        found = sift(find_inside(folder, recursive=self.recursive), self._file, self.on_error)
        for line in found.told:
            warnings.warn(line, stacklevel=2)
        return tuple(found.good.values())

    def _file(self, one: Input) -> File:
        cutter = self.cutter
        size = cutter.reading.look(one.path, cutter.channels).size
        if self.on_error == "skip":
            size = cutter.reading.open(one.path, cutter.channels).size
        tiles = cutter.count(size, self.side, f"image {one.path}")
        return File(one, digest_of(one.path), tiles)

    def _paired(self, held: Sequence[File], reference: Path) -> tuple[tuple[File, File | None], ...]:
        real = {file.input.stem: file for file in self.files(reference)}
        if missing := [file.input.stem for file in held if file.input.stem not in real]:
            told = f"{len(missing)} of {len(held)} held-out sources have no reference of their name in {reference}"
            told = f"{told}: {named(missing)}"
            if self.on_error == "stop" or len(missing) == len(held):
                raise DataError(f"{told}: add them, or leave reference out")
            warnings.warn(f"left out: {told}", stacklevel=2)
        pairs = tuple((file, real[file.input.stem]) for file in held if file.input.stem in real)
        for one, other in pairs:
            if one.tiles != other.tiles:
                raise DataError(f"images {one.path} and {other.path} differ in size: crop or resize one of them")
        return pairs


def _check_count(folder: Path, files: Sequence[File], least: int) -> None:
    count = len({file.digest for file in files})
    if count < least:
        raise DataError(
            f"folder {folder} holds {count} different pictures, and {least} are needed to hold some out and train on "
            "others: add some, or hold out all of them (held_out 1)"
        )
