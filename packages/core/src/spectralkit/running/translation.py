"""Image files in, translated image files out.

All inputs are read and checked before any work begins; outputs appear together, when all are done. The images' tiles
pass through the model in batches, whatever image they belong to, and an image is written when its last tile is done.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit.inversion.driver import top_index
from spectralkit.inversion.expression import parse
from spectralkit.inversion.method import build_method
from spectralkit.models.loading import build_model
from spectralkit.models.model import Model
from spectralkit.models.pretrained import save_tensors
from spectralkit.pictures.finding import Input, find_inputs
from spectralkit.pictures.sifting import Sifted
from spectralkit.plugins.registered import blaming, parts_taken, taking_part
from spectralkit.running.config import check_parts
from spectralkit.running.document import as_toml
from spectralkit.running.inputs import Checked, TranslateConfig, check_inputs, early
from spectralkit.running.picture import suffix, write_image
from spectralkit.running.rundir import fresh_directory, versions
from spectralkit.running.tiles import Tile, Work
from spectralkit.running.tiling import fit_to
from spectralkit.running.watch import Pace, Unwatched, Watch


@attrs.frozen
class Translated:
    """What :func:`translate_files` has done.

    Args:
        images: File names in the output directory.
        tiles: How many images of the model's size they were made of.
        config: With the model's conditions filled in.
        skipped: Why each input that was left out was.
        limits: Which stored values became 0 and 1, as of :class:`Checked`, by output.
    """

    images: tuple[str, ...]
    tiles: int
    config: TranslateConfig
    skipped: Mapping[str, str]
    limits: Mapping[str, tuple[tuple[float, float], ...]]


def translate_files(
    inputs: Sequence[Path], out: Path, config: TranslateConfig, watch: Watch | None = None
) -> Translated:
    """Translate ``inputs`` into image files of the same (upsampled) size in ``out``.

    Raises:
        SpectralkitError: If an input, an option or ``out`` is wrong; nothing is written then.
    """
    with fresh_directory(out) as directory:
        found = find_inputs(inputs, recursive=config.recursive)
        return translate_into(directory, found, config, watch, checked=early(found, config))


@taking_part()
def translate_into(
    directory: Path,
    inputs: Sequence[Input],
    config: TranslateConfig,
    watch: Watch | None = None,
    checked: Sifted[Checked] | None = None,
) -> Translated:
    """Translate image files, no two of one place, into image files of the same (upsampled) size in ``directory``.

    Args:
        directory: Where they are written.
        inputs: The files.
        config: How they are translated.
        watch: Who follows.
        checked: What :func:`early` found.
    """
    options = config.options
    check_parts(options.settings, {"model", *(term.name for term in parse(options.method))})
    method = build_method(options.method, options.settings)
    parameters = options.settings.get("model", {})
    with blaming("model"):
        model = build_model(options.model, parameters, dataset=None, device=options.device)
    watch = watch or Unwatched()
    watch.tell(model.told)
    source, target = _conditions(config, model)
    config = attrs.evolve(config, source=source, target=target)
    work = Work(config.reading, config.upsample, options, (source, target), model, method)
    checked = checked or check_inputs(inputs, config, model.shape)
    for line in checked.told:
        warnings.warn(line, stacklevel=2)
    fittings = {one: fit_to(found.size, model.shape[1:], config.fit) for one, found in checked.good.items()}
    tiles = sum(map(len, fittings.values()))
    pace = Pace(watch, -(-tiles // options.batch_size), 2 * top_index(method, options.steps))
    latents: dict[str, Tensor] = {}
    for one, done in itertools.groupby(work.translate(fittings, pace), key=lambda tile: tile.input):
        parts = list(done)
        _write(directory, one, fittings[one].join(torch.stack([tile.pixels for tile in parts])), config)
        if config.save_latents:
            latents.update(_latents(parts))
    if config.save_latents:
        save_tensors(latents, directory / "latents.safetensors")
    translated = _told(checked, tiles, config, model.shape[0])
    (directory / "translate.toml").write_bytes(as_toml(_record(translated, model)))
    return translated


def _latents(tiles: Sequence[Tile]) -> Iterator[tuple[str, Tensor]]:
    """Those of tiles by their ids, of a layout in memory that is written."""
    for tile in tiles:
        if tile.latent is not None:
            yield tile.id, tile.latent.clone(memory_format=torch.contiguous_format)


def _write(directory: Path, one: Input, image: Tensor, config: TranslateConfig) -> None:
    path = directory / _name(one, len(image), config)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(image, path, config.depth)


def _name(one: Input, channels: int, config: TranslateConfig) -> str:
    return f"{one.stem}{suffix(channels, config.depth)}"


def _told(checked: Sifted[Checked], tiles: int, config: TranslateConfig, channels: int) -> Translated:
    names = {one: _name(one, channels, config) for one in checked.good}
    return Translated(
        images=tuple(names.values()),
        tiles=tiles,
        config=config,
        skipped={str(one.path): reason for one, reason in checked.bad.items()},
        limits={names[one]: found.limits for one, found in checked.good.items()},
    )


def _record(translated: Translated, model: Model) -> dict[str, Any]:
    config = translated.config
    document: dict[str, Any] = {"translate": {"images": translated.images, **config.as_table()}}
    if config.reading.intensity is not None:
        document["intensity"] = translated.limits
    if translated.skipped:
        document["skipped"] = translated.skipped
    return {**document, "model": model.provenance, "versions": versions(parts_taken())}


def _conditions(config: TranslateConfig, model: Model) -> tuple[str, str]:
    """Source and target, each known to the model."""
    known = list(model.conditions)
    source = known[0] if config.source is None else config.source
    target = known[-1] if config.target is None else config.target
    for name in (source, target):
        model.condition(name)
    return source, target
