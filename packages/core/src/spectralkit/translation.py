"""Image files in, translated image files out.

All inputs are read and checked before any work begins; outputs appear together, when all are done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import attrs
import tomli_w
import torch
from torch import Tensor

from spectralkit import api
from spectralkit.config import RunConfig
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.inversion.driver import top_index
from spectralkit.inversion.expression import parse
from spectralkit.inversion.parts import Parts
from spectralkit.model import Model
from spectralkit.picture import read_image, write_image
from spectralkit.rundir import fresh_directory, versions
from spectralkit.runner import Watch
from spectralkit.tiling import Tiling, resize

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


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
    source: str | None
    target: str | None
    fit: Literal["tile", "resize"]
    upsample: int

    def __attrs_post_init__(self) -> None:
        if self.upsample < 1:
            raise ConfigurationError(f"upsample must be at least 1, got {self.upsample}")


def find_images(inputs: Sequence[Path]) -> list[Path]:
    """The image files among ``inputs``, folders opened (not their subfolders), in order.

    Raises:
        DataError: If something is missing, a folder holds no image, or two images would have one output name.
    """
    paths: list[Path] = []
    for given in inputs:
        if given.is_dir():
            inside = sorted(p for p in given.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise DataError(f"folder {given} holds no image: expected files ending in {', '.join(sorted(SUFFIXES))}")
            paths.extend(inside)
        elif given.exists():
            paths.append(given)
        else:
            raise DataError(f"no image or folder at {given}: check the path")
    names: dict[str, Path] = {}
    for path in paths:
        if path.stem in names:
            raise DataError(f"{names[path.stem]} and {path} would both become '{path.stem}.png': rename one of them")
        names[path.stem] = path
    return paths


def translate_files(inputs: Sequence[Path], out: Path, config: TranslateConfig, watch: Watch) -> list[str]:
    """Translate ``inputs`` into PNG files of the same (upsampled) size in ``out``; returns their names.

    Raises:
        SpectralkitError: If an input, an option or ``out`` is wrong; nothing is written then.
    """
    options = config.options
    with fresh_directory(out) as directory:
        paths = find_images(inputs)
        for name in options.settings:
            if name != "model" and name not in {term.name for term in parse(options.method)}:
                raise ConfigurationError(f"--set names the part '{name}', which this translation lacks")
        method = api.load_method(options.method, options.settings)
        model = api.load_model(options.model, device=options.device, **options.settings.get("model", {}))
        counts = [len(tiles) for tiles in map(_Cutter(config, model).cut, map(read_image, paths))]
        batches = sum(-(-count // options.batch_size) for count in counts)
        watch.begin(batches * 2 * top_index(method, options.steps))
        for path in paths:
            image = _translate(read_image(path), path.name, config, model, method, watch)
            write_image(image, directory / f"{path.stem}.png")
        document = {"translate": _record(config, model), "versions": versions()}
        (directory / "translate.toml").write_text(tomli_w.dumps(document))
    return [f"{path.stem}.png" for path in paths]


@attrs.frozen
class _Cutter:
    """Between an image and the model's own size."""

    config: TranslateConfig
    model: Model

    def enlarge(self, image: Tensor) -> Tensor:
        factor = self.config.upsample
        return image.repeat_interleave(factor, dim=-2).repeat_interleave(factor, dim=-1)

    def cut(self, image: Tensor) -> Tensor:
        """(3, H, W) -> (tiles, 3, side, side)."""
        channels, height, width = self.model.shape
        image = self.enlarge(image)
        if image.shape[0] != channels:
            raise DataError(f"model '{self.model.name}' takes images of {channels} channels, got {image.shape[0]}")
        if image.shape[-2:] == (height, width):
            return image[None]
        if self.config.fit == "resize":
            return resize(image, height, width)[None]
        return Tiling(*image.shape[-2:], side=height).cut(image)

    def join(self, tiles: Tensor, image: Tensor) -> Tensor:
        """The inverse: (tiles, 3, side, side) -> (3, H, W)."""
        height, width = (self.config.upsample * length for length in image.shape[-2:])
        if self.config.fit == "resize" or (height, width) == self.model.shape[1:]:
            return resize(tiles[0], height, width) if (height, width) != self.model.shape[1:] else tiles[0]
        return Tiling(height, width, side=self.model.shape[1]).blend(tiles)


def _translate(image: Tensor, name: str, config: TranslateConfig, model: Model, method: Parts, watch: Watch) -> Tensor:
    """Translate one image; its name and each tile's number determine the noise."""
    options, cutter = config.options, _Cutter(config, model)
    conditions = list(model.conditions)
    tiles = cutter.cut(image)
    done = []
    for numbers in _chunks(len(tiles), options.batch_size):
        output = api.translate(
            model,
            method,
            tiles[numbers],
            source=config.source or conditions[0],
            target=config.target or conditions[-1],
            steps=options.steps,
            seed=options.seed,
            ids=[hashlib.sha256(f"{name}\0{i}".encode()).hexdigest() for i in numbers],
            guidance=options.guidance,
            inversion_guidance=options.inversion_guidance,
            label=options.label,
            progress=watch.advance,
        )
        done.append(output.images.cpu())
    return cutter.join(torch.cat(done), image)


def _chunks(count: int, size: int) -> Iterator[list[int]]:
    for first in range(0, count, size):
        yield list(range(first, min(first + size, count)))


def _record(config: TranslateConfig, model: Model) -> dict[str, object]:
    table = config.options.as_toml()
    for absent in ("samples", "metrics", "dataset", "scale"):
        table.pop(absent, None)
    conditions = list(model.conditions)
    return {
        **table,
        "source": config.source or conditions[0],
        "target": config.target or conditions[-1],
        "fit": config.fit,
        "upsample": config.upsample,
    }
