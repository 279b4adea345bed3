"""Folders of pictures as a data set, and as training data: see :mod:`spectralkit_datasets_folder.contents`."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import attrs
import torch
from torch import Tensor

from spectralkit.data import Sample, Structure
from spectralkit.errors import ConfigurationError, HeldOutError
from spectralkit.pictures.dividing import check_share, digest_of_name
from spectralkit.pictures.finding import find_inside
from spectralkit.pictures.reading import Reading
from spectralkit.pictures.sifting import OnError, channels_of
from spectralkit_datasets_folder.contents import Contents, Finder
from spectralkit_datasets_folder.cutting import Cutter, Fit
from spectralkit_datasets_folder.degradation import EDGES, Degradation, Recipe
from spectralkit_datasets_folder.split import File

_LONGEST = 120
"""Characters of a sample's id that are its file's name."""


@attrs.frozen(eq=False, slots=False)
class Folder:
    """Pictures of two domains; built by :func:`folder`.

    Args:
        contents: Which files show what.
        cutter: How they become images.
        side: Of the images.
        recipe: What makes sources of targets; None where the sources have files of their own.
        source: Condition of the sources.
        target: Condition of the targets.
        structure: How structure is compared.
        rotate: Whether training images are turned by quarters too.
    """

    contents: Contents
    cutter: Cutter
    side: int
    recipe: Recipe | None
    source: str
    target: str
    structure: Structure
    rotate: bool

    name: str = attrs.field(default="folder", init=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.cutter.channels, self.side, self.side)

    @property
    def conditions(self) -> tuple[str, str]:
        """The source's and the target's."""
        return (self.source, self.target)

    @cached_property
    def _items(self) -> list[tuple[str, int, int]]:
        """The id, the place in ``contents.samples`` and the tile of each sample."""
        names = _ids([file for file, _ in self.contents.samples])
        return [
            (name if file.tiles == 1 else f"{name}-tile{tile}", place, tile)
            for place, (name, (file, _)) in enumerate(zip(names, self.contents.samples, strict=True))
            for tile in range(file.tiles)
        ]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Sample:
        if index < 0:
            raise IndexError(index)
        name, place, tile = self._items[index]
        file, real = self.contents.samples[place]
        reference = None if real is None else self.cutter.cut(real, tile, self.side)
        if self.recipe is None:
            return Sample(name, self.cutter.cut(file, tile, self.side), reference)
        assert reference is not None
        return Sample(name, self._degraded(reference), reference)

    def sources(self) -> Iterator[Tensor]:
        return map(self._degraded, self._images(self.contents.source))

    def targets(self) -> Iterator[Tensor]:
        return self._images(self.contents.target)

    def _images(self, files: Sequence[File]) -> Iterator[Tensor]:
        self._check_trained()
        return (self.cutter.cut(file, tile, self.side) for file in files for tile in range(file.tiles))

    def _degraded(self, image: Tensor) -> Tensor:
        return image if self.recipe is None else self.recipe.build()(image)

    @property
    def digest(self) -> str:
        """SHA-256 of the trained files' contents, domain by domain, and of how they are read."""
        self._check_trained()
        found = hashlib.sha256(repr((self.cutter.reading, self.recipe)).encode())
        for files in (self.contents.source, self.contents.target):
            found.update("".join([*sorted(file.digest for file in files), ";"]).encode())
        return found.hexdigest()

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        """As :meth:`spectralkit.data.TrainingSet.draw`.

        Raises:
            DataError: If a picture is smaller than ``size``.
        """
        self._check_trained()
        files = (self.contents.source, self.contents.target)
        return torch.stack([self._drawn(files[domain], domain == 0, size, generator) for domain in domains])

    def _drawn(self, files: Sequence[File], degrade: bool, size: int, generator: torch.Generator) -> Tensor:
        file = files[int(torch.randint(len(files), (), generator=generator))]
        image = self.cutter.draw(file, size, self.rotate, generator)
        return self._degraded(image) if degrade else image

    def _check_trained(self) -> None:
        if not (self.contents.source and self.contents.target):
            raise HeldOutError(
                "data set folder has no training pictures, all of them are held out: lower held_out, or add pictures"
            )


def folder(
    source: str | Path | None = None,
    target: str | Path | None = None,
    *,
    reference: str | Path | None = None,
    degrade: Degradation | None = None,
    scale: int | None = None,
    sigma: float | None = None,
    size: int = 64,
    fit: Fit = "crop",
    channels: str | int | tuple[int, ...] | None = None,
    intensity: str | None = None,
    frame: int | str | None = None,
    recursive: bool = False,
    on_error: OnError = "stop",
    held_out: float = 0.2,
    rotate: bool = False,
    structure: Literal["rgb", "masked-grey"] | None = None,
    source_name: str = "source",
    target_name: str = "target",
) -> Folder:
    """Own pictures: two folders, or one and a degradation.

    Args:
        source: Folder of the source domain's pictures.
        target: Folder of the target domain's; with ``reference`` the same folder if left out.
        reference: Folder of the real target images of the sources, by their file names.
        degrade: Makes the sources of one folder's pictures, which is ``source`` or ``target``.
        scale: Of degrade nearest, area and bicubic: the factor of decimation (default: 8).
        sigma: Of degrade blur, canny (pixels) and noise (intensity): its standard deviation (default: 2, 1.5, 0.1).
        size: Side of the images.
        fit: The middle of each picture (crop), its shorter side resized first (resize), or tiles side by side (tile).
        channels: A file's channels that are the image's, like 2,0,1; rgb and luma take grey and RGB alike (default: as
            the first file of each folder has them).
        intensity: How values become [0, 1]: full, limits like 0:4095, or percentiles like 0.1%:99.9% (8 bits: full).
        frame: Which image of a stack, or all as channels.
        recursive: Whether subfolders are opened too.
        on_error: Whether a file that cannot be used ends it (stop) or is told and left out (skip).
        held_out: Share of the pictures that are translated and never trained on, by their content, in (0, 1].
        rotate: Whether training images are turned by quarters too; they are mirrored in any case.
        structure: How structure is compared (default: masked-grey for canny and sobel in grey or RGB, else rgb).
        source_name: Condition of the sources.
        target_name: Condition of the targets.

    Raises:
        SpectralkitError: If folders, files or options do not fit together.
    """
    check_share(held_out)
    if source_name == target_name:
        raise ConfigurationError(f"source_name and target_name are both {source_name!r}: give two names")
    reading = Reading.of(channels, intensity, frame)
    recipe = _recipe(degrade, scale, sigma)
    multiple = 1 if recipe is None else recipe.multiple
    if size < 1 or size % multiple:
        raise ConfigurationError(f"size {size} is impossible: choose a multiple of {multiple}")
    source, target, reference = (None if path is None else Path(path) for path in (source, target, reference))
    folders = _folders(recipe, source, target, reference)
    channels_each = [channels_of(find_inside(path, recursive=recursive), reading) for path in folders]
    cutter = Cutter(reading, max(channels_each), fit)
    finder = Finder(cutter, size, recursive, on_error, held_out)
    edges = recipe is not None and recipe.name in EDGES and cutter.channels in (1, 3)
    return Folder(
        contents=finder.degraded(folders[0]) if recipe else finder.unpaired(folders[0], folders[-1], reference),
        cutter=cutter,
        side=size,
        recipe=recipe,
        source=source_name,
        target=target_name,
        structure=structure or ("masked-grey" if edges else "rgb"),
        rotate=rotate,
    )


def _recipe(degrade: Degradation | None, scale: int | None, sigma: float | None) -> Recipe | None:
    if degrade is not None:
        return Recipe(degrade, scale, sigma)
    if scale is not None or sigma is not None:
        raise ConfigurationError("scale and sigma belong to a degradation: give degrade too, or leave them out")
    return None


def _folders(
    recipe: Recipe | None, source: Path | None, target: Path | None, reference: Path | None
) -> tuple[Path, ...]:
    """The one whose pictures are degraded, or the source's and the target's."""
    if recipe is not None:
        one = source or target
        if one is None or (source and target) or reference:
            raise ConfigurationError(
                f"degrade {recipe.name} makes the sources of one folder's pictures: give source or target alone"
            )
        return (one,)
    target = target or reference
    if source is None or target is None:
        raise ConfigurationError(
            "data set folder needs two folders, source and target, or one and a degradation: give "
            "dataset.source=DIR and dataset.target=DIR, or dataset.target=DIR and dataset.degrade=nearest"
        )
    return source, target


def _ids(files: Sequence[File]) -> list[str]:
    """The names of files as ids of samples: where a letter had to go, or two are alike, a digest tells them apart."""
    stems = [file.input.stem for file in files]
    plain = [re.sub(r"[^A-Za-z0-9._-]", "_", stem).lstrip("._-")[:_LONGEST] for stem in stems]
    often = Counter(plain)
    return [
        name if name == stem and often[name] == 1 else f"{name or 'picture'}-{digest_of_name(stem)[:8]}"
        for name, stem in zip(plain, stems, strict=True)
    ]
