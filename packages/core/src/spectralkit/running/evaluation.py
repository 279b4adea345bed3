"""Scores of pictures that anything has made: folders in, the registered metrics' numbers out.

Pictures belong together by their names. All of them are read once before anything is scored, so that every bad file,
every missing and every unpaired one is told at once; what is left out is told too.
"""

from __future__ import annotations

import math
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
from spectralkit.metric.targets import Targets
from spectralkit.pictures.finding import Input, check_file, find_inside
from spectralkit.pictures.layout import MOST_PIXELS
from spectralkit.pictures.reading import Reading
from spectralkit.pictures.sifting import OnError, Sifted, channels_of, sift
from spectralkit.pictures.views import Fit, check_size, middle, resized
from spectralkit.plugins.registered import parts_taken, taking_part
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit.plugins.text import brief, times
from spectralkit.running.config import Settings, check_parts
from spectralkit.running.needs import check_given, check_ready
from spectralkit.running.pairing import Pairing, pair
from spectralkit.running.rundir import versions
from spectralkit.running.scoring import NamedMetric, feed, tabulated

LARGEST = math.isqrt(MOST_PIXELS)
"""Side of the largest images."""

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
        fit: How pictures of any size become images of ``size``; None takes them as they are.
        size: Side of the images; None where ``fit`` is.
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
    fit: Fit | None = None
    size: int | None = None
    recursive: bool = False
    on_error: OnError = "stop"
    batch_size: int = 16
    settings: Settings = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigurationError(f"batch-size must be at least 1, got {self.batch_size}")
        if (self.fit is None) != (self.size is None):
            raise ConfigurationError("fit and size go together: give --fit crop or resize, and --size N")
        if self.size is not None and not 1 <= self.size <= LARGEST:
            raise ConfigurationError(f"size must be between 1 and {LARGEST}, got {brief(self.size)}")

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
        """(C, H, W), of the size that is wanted.

        Raises:
            DataError: If the file cannot be read, or is too small.
        """
        check_file(one)
        opened = self.config.reading.get(role, Reading()).open(one.path, self.channels)
        size, told = self.config.size, f"image {one.path}"
        if size is None:
            return opened.image()
        if self.config.fit == "resize":
            return middle(resized(opened, size, told), size)
        check_size(opened.size, size, told)
        return middle(opened, size)

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
                told = f"image {files['generated'].path} and its {role} {files[role].path}"
                raise _differing(told, shape, image.shape)
        latents = {} if self.pairing.latents is None else {"latent": self.pairing.latents[name]}
        return images | latents

    def found_targets(self) -> Sifted[torch.Size]:
        """The files of the targets, all of one size."""
        folder, sizes = self.config.targets, list[torch.Size]()

        def size(one: Input) -> torch.Size:
            shape = self.read("targets", one).shape
            sizes.append(shape)
            if shape != sizes[0]:
                raise _differing(f"image {one.path} and the first of the targets", shape, sizes[0])
            return shape

        found = [] if folder is None else find_inside(folder, recursive=self.config.recursive)
        return sift(found, size, self.config.on_error)


@taking_part()
def evaluate(config: EvaluateConfig) -> Evaluation:
    """Score pictures.

    Raises:
        SpectralkitError: If a metric lacks something, or a file cannot be used, is missing or unpaired.
    """
    folders = {role: path for role in ROLES[:3] if (path := getattr(config, role)) is not None}
    check_parts(config.settings, set(config.metrics))
    check_given(config.metrics, {role for role in (*ROLES, "latents") if getattr(config, role) is not None})
    check_ready(config.metrics, config.settings)
    pairing = pair(folders, config.latents, config.recursive)
    if pairing.alone and config.on_error == "stop":
        raise DataError(f"{'; '.join(pairing.alone)}: give them the same names, or leave them out (on-error skip)")
    generated = [pairing.files["generated"][name] for name in pairing.names]
    pictures = _Pictures(config, pairing, channels_of(generated, config.reading.get("generated", Reading())))
    checked = sift(generated, lambda one: _shapes(pictures.inputs(one.stem)), config.on_error)
    targets = pictures.found_targets()

    def real() -> Iterator[Tensor]:
        return (pictures.read("targets", one) for one in targets.good)

    metrics = [_metric(name, config, real) for name in dict.fromkeys(config.metrics)]
    rows = [row for batch in _batches(checked.good, config.batch_size) for row in _scored(pictures, metrics, batch)]
    return Evaluation(
        scores={metric.name: metric.score() for metric in metrics},
        details={metric.name: metric.details() for metric in metrics},
        rows=rows,
        left_out=(*pairing.alone, *checked.told, *targets.told),
        config=config,
        versions={"python": platform.python_version(), **versions(parts_taken())},
    )


def _differing(told: str, one: tuple[int, ...], other: tuple[int, ...]) -> DataError:
    sizes = f"{times(one[1:])} and {times(other[1:])}"
    return DataError(f"{told} differ in size, {sizes}: bring all to one (--fit crop or resize, and --size N)")


def _metric(name: str, config: EvaluateConfig, targets: Targets) -> NamedMetric:
    registered = registry().resolve("metric", name)
    known: dict[str, object] = {"targets": targets, "structure": config.structure}
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
