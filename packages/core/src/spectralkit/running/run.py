"""One run: data set x model x method -> images, latents, scores, and a run directory.

    dataset -> Sample -> encode -> invert -> sample -> decode -> metrics -> files

One direction; nothing below this module knows of files, progress bars or the command line. The next batch is read while
one is translated. Memory is bounded by the batch: images are written as they come, metrics keep running sums, and the
picture keeps its first rows.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import torch
from PIL import Image
from torch import Tensor

from spectralkit.ahead import ahead
from spectralkit.data import Sample
from spectralkit.errors import DataError
from spectralkit.inversion.driver import top_index
from spectralkit.inversion.probe import Cost
from spectralkit.models.pretrained import save_tensors
from spectralkit.models.result import Output
from spectralkit.plugins.registered import blaming, parts_taken, taking_part
from spectralkit.running.assembly import Assembly, assemble
from spectralkit.running.batch import translate_batch
from spectralkit.running.config import RunConfig
from spectralkit.running.contract import check_names, check_sample
from spectralkit.running.document import as_json, as_toml
from spectralkit.running.loader import Loader
from spectralkit.running.picture import grid, suffix, write_image
from spectralkit.running.rundir import fresh_directory, versions, write_csv
from spectralkit.running.scoring import feed, tabulated
from spectralkit.running.watch import Pace, Unwatched, Watch

GRID_ROWS = 8


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
    watch.tell(assembly.model.told)
    report = _execute(assembly, directory, save_latents, watch)
    table = {"run": report.config.as_table(), "model": assembly.model.provenance, "versions": report.versions}
    (directory / "run.toml").write_bytes(as_toml(table))
    (directory / "metrics.json").write_text(as_json(report.document()), encoding="utf-8")
    return report


def _execute(assembly: Assembly, directory: Path, save_latents: bool, watch: Watch) -> Report:
    config, started = assembly.config, time.perf_counter()
    pace = Pace(watch, -(-assembly.count // config.batch_size), 2 * top_index(assembly.method, config.steps))
    (directory / "samples").mkdir()
    table: list[dict[str, Any]] = []
    pictured: list[tuple[Sample, Tensor]] = []
    latents: dict[str, Tensor] = {}
    rows, recorded = Cost(), dict[str, None]()
    for samples in ahead(_batches(assembly)):
        output = _translate(assembly, samples, pace.advance)
        pace.finish_batch()
        table.extend(_score(assembly, samples, output))
        recorded.update(dict.fromkeys(output.records))
        for sample, image, latent in zip(samples, output.images.cpu(), output.latent.float().cpu(), strict=True):
            write_image(image, directory / "samples" / f"{sample.id}{suffix(len(image))}")
            if len(pictured) < GRID_ROWS:
                pictured.append((sample, image))
            if save_latents:
                latents[sample.id] = latent.clone()
        rows += Cost(output.cost.forwards * len(samples), output.cost.backwards * len(samples))
    write_csv(directory / "samples.csv", table)
    _picture(assembly, pictured).save(directory / "grid.png")
    if save_latents:
        save_tensors(latents, directory / "latents.safetensors")
    return Report(
        scores={metric.name: metric.score() for metric in assembly.metrics},
        details={metric.name: metric.details() for metric in assembly.metrics},
        diagnostics={name: _mean([row[name] for row in table if name in row]) for name in recorded},
        samples=len(table),
        seed=config.seed,
        cost=Cost(rows.forwards / len(table), rows.backwards / len(table)),
        seconds=time.perf_counter() - started,
        device=str(assembly.model.device),
        config=config,
        versions={"python": platform.python_version(), **versions(parts_taken())},
    )


def _batches(assembly: Assembly) -> Iterator[list[Sample]]:
    """The samples in batches, each of them checked."""
    size, seen = assembly.config.batch_size, set[str]()
    for first in range(0, assembly.count, size):
        with blaming("dataset"):
            batch = [_sample(assembly, i) for i in range(first, min(first + size, assembly.count))]
        for sample in batch:
            if sample.id in seen:
                raise DataError(f"data set '{assembly.dataset.name}' has two samples of the id '{sample.id}'")
            seen.add(sample.id)
        yield batch


def _sample(assembly: Assembly, index: int) -> Sample:
    wanted = any("reference" in metric.spec.inputs for metric in assembly.metrics)
    return check_sample(assembly.dataset, index, assembly.dataset[index], wanted)


def _translate(assembly: Assembly, samples: list[Sample], advance: Callable[[], None]) -> Output:
    return translate_batch(
        assembly.model,
        assembly.method,
        torch.stack([sample.source for sample in samples]),
        [sample.id for sample in samples],
        conditions=(assembly.dataset.source, assembly.dataset.target),
        options=assembly.config,
        advance=advance,
    )


def _score(assembly: Assembly, samples: list[Sample], output: Output) -> Iterator[dict[str, Any]]:
    """Feed the metrics one batch; a row per sample."""
    inputs = {
        "source": torch.stack([sample.source for sample in samples]),
        "generated": output.images.float().cpu(),
        "latent": output.latent.float().cpu(),
    }
    references = [sample.reference for sample in samples if sample.reference is not None]
    if len(references) == len(samples):
        inputs["reference"] = torch.stack(references)
    columns = feed(assembly.metrics, inputs)
    columns["energy"] = inputs["latent"].square().flatten(1).mean(dim=1)
    with blaming("method"):
        check_names(assembly.method, output.records, {"id", *columns})
    for name, records in output.records.items():
        columns[name] = records.mean(dim=0)
    return tabulated([sample.id for sample in samples], columns)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)  # fmean has no answer to opposite infinities


def _picture(assembly: Assembly, pictured: list[tuple[Sample, Tensor]]) -> Image.Image:
    config, dataset = assembly.config, assembly.dataset
    columns = [f"source: {dataset.source}", f"translated: {dataset.target}"]
    rows = [[sample.source, image] for sample, image in pictured]
    references = [sample.reference for sample, _ in pictured if sample.reference is not None]
    if len(references) == len(rows):
        columns.append("reference")
        rows = [[*row, reference] for row, reference in zip(rows, references, strict=True)]
    title = f"{assembly.model.name}, {config.method}, {config.steps} steps, seed {config.seed}"
    return grid(title, columns, rows, [sample.id for sample, _ in pictured])
