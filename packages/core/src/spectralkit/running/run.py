"""One run: data set x model x method -> images, latents, scores, and a run directory.

    dataset -> Sample -> encode -> invert -> sample -> decode -> metrics -> files

One direction; nothing below this module knows of files, progress bars or the command line. The next batch is read while
one is translated. Memory is bounded by the batch: images are written as they come, metrics keep running sums, and the
picture keeps its first rows.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from PIL import Image
from torch import Tensor

from spectralkit.data import Sample
from spectralkit.errors import DataError
from spectralkit.inversion.meter import Cost
from spectralkit.models.pretrained import save_tensors
from spectralkit.plugins.registered import parts_taken, taking_part
from spectralkit.running.assembly import Assembly, assemble
from spectralkit.running.config import RunConfig
from spectralkit.running.document import as_json, as_toml
from spectralkit.running.loader import Loader
from spectralkit.running.picture import translations
from spectralkit.running.portion import Portion, Shard, joined, translate_portion
from spectralkit.running.rundir import fresh_directory, versions, write_csv
from spectralkit.running.trained import data_told
from spectralkit.running.watch import Unwatched, Watch


@attrs.frozen
class Report:
    """The numbers of a run, as ``metrics.json`` holds them.

    Args:
        scores: Metric name to number.
        details: Metric name to the numbers beside the score.
        diagnostics: What the method recorded, averaged over steps and samples.
        samples: N.
        seed: Seed of all noise.
        cost: Network evaluations per sample.
        seconds: Wall time of inversion and sampling, images written and metrics computed.
        device: Where it ran.
        config: What was run, defaults filled in.
        versions: Of everything that shapes a number.
    """

    scores: dict[str, float]
    details: dict[str, dict[str, float | str]]
    diagnostics: dict[str, float]
    samples: int
    seed: int
    cost: Cost
    seconds: float
    device: str
    config: RunConfig
    versions: dict[str, str]

    def document(self) -> dict[str, Any]:
        """All of it as plain values."""
        plain = attrs.asdict(self, recurse=False)
        return {**plain, "cost": attrs.asdict(self.cost), "config": self.config.as_table()}


def run(config: RunConfig, out: Path, *, save_latents: bool = False, watch: Watch | None = None) -> Report:
    """Run ``config`` and write the run directory ``out``, atomically.

    Args:
        config: What to run.
        out: A directory that does not exist yet.
        save_latents: Whether to write ``latents.safetensors`` too: the unit-normalised terminal latents by sample id.
        watch: Follows the transitions.

    Raises:
        SpectralkitError: As :func:`assemble`, or if ``out`` exists or cannot be written.
    """
    with fresh_directory(out) as directory:
        return run_into(directory, config, save_latents=save_latents, watch=watch)


@taking_part()
def run_into(
    directory: Path,
    config: RunConfig,
    *,
    save_latents: bool = False,
    watch: Watch | None = None,
    loader: Loader | None = None,
) -> Report:
    """Run ``config`` and write what a run directory holds into an empty ``directory``.

    Args:
        directory: It.
        config: What to run.
        save_latents: As of :func:`run`.
        watch: As of :func:`run`.
        loader: What several runs share; by default this one loads for itself.
    """
    assembly, watch = assemble(config, loader), watch or Unwatched()
    watch.tell((*data_told(config, assembly.config), *assembly.model.told_of(assembly.dataset.shape)))
    portion = translate_portion(assembly, directory, range(assembly.count), save_latents=save_latents, watch=watch)
    return _conclude(assembly, directory, portion)


@taking_part()
def run_shard(directory: Path, config: RunConfig, shard: Shard, loader: Loader | None = None) -> Portion:
    """Run one shard of ``config``, latents kept: its images go into an empty ``directory``, all else is returned."""
    assembly = assemble(config, loader)
    portion = translate_portion(
        assembly, directory, shard.indices(assembly.count), save_latents=True, watch=Unwatched()
    )
    portion.states = [metric.metric.states for metric in assembly.metrics]
    return portion


@taking_part()
def merge_shards(
    directory: Path, config: RunConfig, portions: Sequence[Portion], loader: Loader | None = None
) -> Report:
    """Write what a run directory holds beside the images of all shards, which are in ``directory``.

    Raises:
        DataError: If two samples of different shards have one id.
    """
    assembly = assemble(config, loader)
    for portion in reversed(portions):  # what is absorbed goes in front of what is there
        for metric, states in zip(assembly.metrics, portion.states, strict=True):
            metric.metric.absorb(states)
    whole = joined(portions)
    if len({row["id"] for row in whole.table}) < len(whole.table):
        raise DataError(f"data set '{assembly.dataset.name}' has two samples of one id")
    return _conclude(assembly, directory, whole)


def _conclude(assembly: Assembly, directory: Path, portion: Portion) -> Report:
    """Everything of a run directory but the images, from all samples and metrics that have seen them."""
    config, started, table = assembly.config, time.perf_counter(), portion.table
    write_csv(directory / "samples.csv", table)
    _picture(assembly, portion.pictured).save(directory / "grid.png")
    if portion.latents:
        save_tensors(portion.latents, directory / "latents.safetensors")
    report = Report(
        scores={metric.name: metric.score() for metric in assembly.metrics},
        details={metric.name: metric.details() for metric in assembly.metrics},
        diagnostics={name: _mean([row[name] for row in table if name in row]) for name in portion.recorded},
        samples=len(table),
        seed=config.seed,
        cost=Cost(portion.cost.forwards / len(table), portion.cost.backwards / len(table)),
        seconds=portion.seconds + time.perf_counter() - started,
        device=", ".join(portion.devices),
        config=config,
        versions={"python": platform.python_version(), **versions(parts_taken())},
    )
    described = {"run": config.as_table(), "model": assembly.model.provenance, "versions": report.versions}
    (directory / "run.toml").write_bytes(as_toml(described))
    (directory / "metrics.json").write_text(as_json(report.document()), encoding="utf-8")
    return report


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)  # fmean has no answer to opposite infinities


def _picture(assembly: Assembly, pictured: list[tuple[Sample, Tensor]]) -> Image.Image:
    config, dataset = assembly.config, assembly.dataset
    title = f"{assembly.model.name}, {config.method}, {config.steps} steps, seed {config.seed}"
    columns = [(f"translated: {dataset.target}", [image for _, image in pictured])]
    return translations(title, dataset.source, [sample for sample, _ in pictured], columns)
