"""Scores of pictures that anything has made: folders in, the registered metrics' numbers out.

Pictures belong together by their names. All of them are read once before anything is scored, so that every bad file,
every missing and every unpaired one is told at once; what is left out is told too.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit.data import Structure
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.metric import build_metric
from spectralkit.pictures.finding import Input, check_file, find_inputs
from spectralkit.pictures.reading import Reading
from spectralkit.pictures.sifting import OnError, sift
from spectralkit.plugins.registered import parts_taken, taking_part
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit.running.config import Settings, check_parts
from spectralkit.running.needs import check_given
from spectralkit.running.pairing import Pairing, pair
from spectralkit.running.rundir import versions
from spectralkit.running.scoring import NamedMetric, feed, tabulated

ROLES = ("generated", "source", "reference", "targets")


@attrs.frozen(kw_only=True)
class EvaluateConfig:
    """What is scored.

    Args:
        generated: Folder of the pictures to score.
        metrics: Registered names.
        source: Folder of what they were made of.
        reference: Folder of the real images that they should be.
        targets: Folder of real images of their kind, paired with none.
        latents: A safetensors file of unit-normalised latents, by image.
        structure: How structure is compared.
        reading: How the files are read, by role.
        recursive: Whether subfolders are opened too.
        on_error: What becomes of files that cannot be scored.
        batch_size: Images at a time.
        settings: Parameters by metric.
    """

    generated: Path
    metrics: tuple[str, ...]
    source: Path | None = None
    reference: Path | None = None
    targets: Path | None = None
    latents: Path | None = None
    structure: Structure = "rgb"
    reading: Mapping[str, Reading] = attrs.field(factory=dict)
    recursive: bool = False
    on_error: OnError = "stop"
    batch_size: int = 16
    settings: Settings = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigurationError(f"batch-size must be at least 1, got {self.batch_size}")

    def as_table(self) -> dict[str, Any]:
        """All that shapes the numbers; what is None is left out."""
        plain = {key: value for key, value in attrs.asdict(self, recurse=False).items() if value is not None}
        return {**plain, "reading": {role: told for role, how in self.reading.items() if (told := how.as_table())}}


@attrs.frozen
class Evaluation:
    """The scores.

    Args:
        scores: Metric name to number.
        details: Metric name to the numbers beside the score.
        rows: The id and the scores of each image.
        left_out: What was not scored, and why.
        config: What was asked for.
        versions: Of everything that shapes a number.
    """

    scores: dict[str, float]
    details: dict[str, dict[str, float | str]]
    rows: list[dict[str, Any]]
    left_out: tuple[str, ...]
    config: EvaluateConfig
    versions: dict[str, str]

    def document(self) -> dict[str, Any]:
        """The numbers as plain values; the rows are for a table."""
        plain = {name: getattr(self, name) for name in ("scores", "details", "left_out", "versions")}
        return {**plain, "samples": len(self.rows), "config": self.config.as_table()}


@attrs.frozen(eq=False)
class _Pictures:
    """The folders, read.

    Args:
        config: What was asked for.
        pairing: What belongs together.
        channels: Of all images.
    """

    config: EvaluateConfig
    pairing: Pairing
    channels: int

    def read(self, role: str, one: Input) -> Tensor:
        return self.config.reading.get(role, Reading()).read(one.path, self.channels)

    def inputs(self, name: str) -> dict[str, Tensor]:
        """All that belongs to a generated image, by the names of metrics' inputs.

        Raises:
            DataError: If a file cannot be read, or two of them differ in size.
        """
        files = {role: found[name] for role, found in self.pairing.files.items()}
        images = {role: self.read(role, one) for role, one in files.items()}
        shape = images["generated"].shape
        for role, image in images.items():
            if image.shape != shape:
                sizes = " and ".join(f"{one[1]}x{one[2]}" for one in (shape, image.shape))
                raise DataError(
                    f"image {files['generated'].path} and its {role} {files[role].path} differ in size, {sizes}: "
                    "crop or resize one of them"
                )
        latents = {} if self.pairing.latents is None else {"latent": self.pairing.latents[name]}
        return images | latents

    def targets(self) -> Iterator[Tensor]:
        assert self.config.targets is not None
        for one in find_inputs([self.config.targets], recursive=self.config.recursive):
            check_file(one)
            yield self.read("targets", one)


@taking_part()
def evaluate(config: EvaluateConfig) -> Evaluation:
    """Score pictures.

    Raises:
        SpectralkitError: If a metric lacks something, or a file cannot be used, is missing or unpaired.
    """
    folders = {role: path for role in ROLES[:3] if (path := getattr(config, role)) is not None}
    check_parts(config.settings, set(config.metrics))
    check_given(config.metrics, {role for role in (*ROLES, "latents") if getattr(config, role) is not None})
    pairing = pair(folders, config.latents, config.recursive)
    if pairing.alone and config.on_error == "stop":
        raise DataError(f"{'; '.join(pairing.alone)}: give them the same names, or leave them out (on-error skip)")
    first = pairing.files["generated"][pairing.names[0]]
    channels = config.reading.get("generated", Reading()).count(first.path)
    pictures = _Pictures(config, pairing, channels)
    generated = [pairing.files["generated"][name] for name in pairing.names]
    checked = sift(generated, lambda one: _shapes(pictures.inputs(one.stem)), config.on_error)
    metrics = [_metric(name, config, pictures) for name in dict.fromkeys(config.metrics)]
    rows = [row for batch in _batches(checked.good, config.batch_size) for row in _scored(pictures, metrics, batch)]
    return Evaluation(
        scores={metric.name: metric.score() for metric in metrics},
        details={metric.name: metric.details() for metric in metrics},
        rows=rows,
        left_out=(*pairing.alone, *checked.told),
        config=config,
        versions={"python": platform.python_version(), **versions(parts_taken())},
    )


def _metric(name: str, config: EvaluateConfig, pictures: _Pictures) -> NamedMetric:
    registered = registry().resolve("metric", name)
    known: dict[str, object] = {"targets": pictures.targets, "structure": config.structure}
    facts = {fact: known[fact] for fact in cast(MetricSpec, registered.spec).facts}
    return NamedMetric(name, registered, build_metric(name, config.settings.get(name, {}), dataset=None, facts=facts))


def _shapes(inputs: Mapping[str, Tensor]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(value.shape) for value in inputs.values())


def _batches(checked: Mapping[Input, object], size: int) -> Iterator[list[str]]:
    """Names of images in batches of one shape, in order within it."""
    alike: dict[object, list[str]] = {}
    for one, shapes in checked.items():
        alike.setdefault(shapes, []).append(one.stem)
    for names in alike.values():
        yield from (names[first : first + size] for first in range(0, len(names), size))


def _scored(pictures: _Pictures, metrics: list[NamedMetric], names: list[str]) -> Iterator[dict[str, Any]]:
    images = [pictures.inputs(name) for name in names]
    batch = {key: torch.stack([image[key] for image in images]) for key in images[0]}
    return tabulated(names, feed(metrics, batch))
