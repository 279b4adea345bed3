"""Image files in, translated image files out.

All inputs are read and checked before any work begins; outputs appear together, when all are done. The images' tiles
pass through the model in batches, whatever image they belong to, and an image is written when its last tile is done.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.inversion.driver import top_index
from spectralkit.inversion.expression import parse
from spectralkit.inversion.method import build_method
from spectralkit.inversion.parts import Parts
from spectralkit.models.loading import build_model
from spectralkit.models.model import Model
from spectralkit.pictures.finding import find_images
from spectralkit.pictures.layout import MOST_PIXELS
from spectralkit.plugins.registered import blaming, parts_taken, taking_part
from spectralkit.plugins.text import brief
from spectralkit.running.batch import translate_batch
from spectralkit.running.config import RunConfig, check_parts
from spectralkit.running.document import as_toml
from spectralkit.running.picture import read_image, write_image
from spectralkit.running.rundir import fresh_directory, versions
from spectralkit.running.tiling import Fit, Fitting, fit_to
from spectralkit.running.watch import Pace, Unwatched, Watch


@attrs.frozen
class TranslateConfig:
    """How files are translated.

    Args:
        options: Model, method, steps, seed and the like; its data-set options are not looked at.
        source: Condition of the inputs; None is the model's first.
        target: Condition to translate into; None is the model's last.
        fit: What to do with images of another size than the model's.
        upsample: Factor by which inputs are enlarged first, nearest neighbour, at least 1.
    """

    options: RunConfig
    source: str | None = None
    target: str | None = None
    fit: Fit = "tile"
    upsample: int = 1

    def __attrs_post_init__(self) -> None:
        if self.upsample < 1:
            raise ConfigurationError(f"upsample must be at least 1, got {brief(self.upsample)}")
        for role, name in (("source", self.source), ("target", self.target)):
            if name is not None and not name.strip():
                raise ConfigurationError(
                    f"{role} must be a condition's name, got {name!r}: leave it out for the model's own"
                )

    def as_table(self) -> dict[str, Any]:
        """All that shapes the result; the run options that are not looked at are left out."""
        options = {
            key: value
            for key, value in self.options.as_table().items()
            if key not in ("dataset", "scale", "samples", "metrics", "source", "target")
        }
        return {**options, **attrs.asdict(self, filter=attrs.filters.exclude("options"))}


@attrs.frozen
class Translated:
    """What :func:`translate_files` has done.

    Args:
        images: File names in the output directory.
        tiles: How many images of the model's size they were made of.
        config: With the model's conditions filled in.
    """

    images: tuple[str, ...]
    tiles: int
    config: TranslateConfig


def translate_files(
    inputs: Sequence[Path], out: Path, config: TranslateConfig, watch: Watch | None = None
) -> Translated:
    """Translate ``inputs`` into PNG files of the same (upsampled) size in ``out``.

    Raises:
        SpectralkitError: If an input, an option or ``out`` is wrong; nothing is written then.
    """
    with fresh_directory(out) as directory:
        return translate_into(directory, find_images(inputs), config, watch)


@taking_part()
def translate_into(
    directory: Path, paths: Sequence[Path], config: TranslateConfig, watch: Watch | None = None
) -> Translated:
    """Translate image files, no two of one name, into PNG files of the same (upsampled) size in ``directory``."""
    options = config.options
    check_parts(options.settings, {"model", *(term.name for term in parse(options.method))})
    method = build_method(options.method, options.settings)
    parameters = options.settings.get("model", {})
    with blaming("model"):
        model = build_model(options.model, parameters, dataset=None, device=options.device)
    work = _Work(_resolve(config, model), model, method)
    fittings = {path: work.fitting(path) for path in paths}
    tiles = sum(map(len, fittings.values()))
    batches = -(-tiles // options.batch_size)
    pace = Pace(watch or Unwatched(), batches, 2 * top_index(method, options.steps))
    for path, done in itertools.groupby(work.translate(fittings, pace), key=lambda tile: tile.path):
        image = fittings[path].join(torch.stack([tile.pixels for tile in done]))
        write_image(image, directory / f"{path.stem}.png")
    names = tuple(f"{path.stem}.png" for path in paths)
    record = {"images": names, **work.config.as_table()}
    document = {"translate": record, "model": model.provenance, "versions": versions(parts_taken())}
    (directory / "translate.toml").write_bytes(as_toml(document))
    return Translated(names, tiles, work.config)


def _resolve(config: TranslateConfig, model: Model) -> TranslateConfig:
    """The conditions filled in, and known to the model."""
    conditions = list(model.conditions)
    source = conditions[0] if config.source is None else config.source
    target = conditions[-1] if config.target is None else config.target
    for name in (source, target):
        model.condition(name)
    return attrs.evolve(config, source=source, target=target)


@attrs.frozen(eq=False)
class _Tile:
    """One image of the model's size.

    Args:
        path: The file it is part of.
        number: Its place among that file's tiles.
        pixels: (C, h, w) in [0, 1].
    """

    path: Path
    number: int
    pixels: Tensor

    @property
    def id(self) -> str:
        """Keys its noise: the file's name, whatever folder it lies in, and the number."""
        return f"{os.fsencode(self.path.name).decode('utf-8', errors='backslashreplace')}#{self.number}"


@attrs.frozen(eq=False)
class _Work:
    config: TranslateConfig
    model: Model
    method: Parts

    def read(self, path: Path) -> Tensor:
        """(C, H, W), enlarged."""
        image, factor = read_image(path, self.model.shape[0]), self.config.upsample
        height, width = image.shape[-2:]
        if height * width * factor**2 > MOST_PIXELS:
            raise DataError(
                f"image {path} of {height}x{width} would have more than {MOST_PIXELS} pixels, enlarged {factor} times: "
                "lower --upsample or crop it"
            )
        return image.repeat_interleave(factor, dim=-2).repeat_interleave(factor, dim=-1)

    def fitting(self, path: Path) -> Fitting:
        """How the image meets the model."""
        _, height, width = self.read(path).shape
        try:
            return fit_to((height, width), self.model.shape[1:], self.config.fit)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error

    def translate(self, fittings: Mapping[Path, Fitting], pace: Pace) -> Iterator[_Tile]:
        """The translated tiles of all images, in order."""
        tiles = (
            _Tile(path, number, pixels)
            for path, fitting in fittings.items()
            for number, pixels in enumerate(fitting.cut(self.read(path)))
        )
        size = min(self.config.options.batch_size, sum(map(len, fittings.values())))
        while batch := list(itertools.islice(tiles, size)):
            images = self._translate(batch, pace.advance)
            pace.finish_batch()
            for tile, pixels in zip(batch, images, strict=True):
                yield attrs.evolve(tile, pixels=pixels)

    def _translate(self, tiles: Sequence[_Tile], advance: Callable[[], None]) -> Tensor:
        assert self.config.source is not None
        assert self.config.target is not None
        return translate_batch(
            self.model,
            self.method,
            torch.stack([tile.pixels for tile in tiles]),
            [tile.id for tile in tiles],
            conditions=(self.config.source, self.config.target),
            options=self.config.options,
            advance=advance,
        ).images.cpu()
