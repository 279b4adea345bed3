"""Some samples of a run: translated, their images written, what the metrics have seen of them kept.

A run is one portion of all its samples, or several that processes share; the metrics' states merge exactly, and noise
is drawn by sample, so that the scores do not depend on the cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit.ahead import ahead
from spectralkit.data import Sample
from spectralkit.errors import DataError
from spectralkit.inversion.driver import top_index
from spectralkit.inversion.meter import Cost
from spectralkit.models.result import Output
from spectralkit.plugins.registered import blaming
from spectralkit.running.assembly import Assembly
from spectralkit.running.batch import translate_batch
from spectralkit.running.contract import check_names, check_sample
from spectralkit.running.picture import suffix, write_image
from spectralkit.running.scoring import feed, tabulated
from spectralkit.running.watch import Pace, Watch

GRID_ROWS = 8
"""Samples of a run that its picture shows."""


@attrs.define
class Portion:
    """What became of some samples.

    Args:
        table: A row per sample.
        recorded: The diagnostics, in the order of their first appearance.
        pictured: Those of the first samples of the run that are among these, with their images.
        latents: By sample id, where they are to be saved.
        cost: Network evaluations, of all samples together.
        seconds: Wall time.
        devices: Where they were translated.
        states: What each metric has seen, where another process is to merge it.
    """

    table: list[dict[str, Any]] = attrs.field(factory=list)
    recorded: dict[str, None] = attrs.field(factory=dict)
    pictured: list[tuple[Sample, Tensor]] = attrs.field(factory=list)
    latents: dict[str, Tensor] = attrs.field(factory=dict)
    cost: Cost = attrs.field(factory=Cost)
    seconds: float = 0.0
    devices: dict[str, None] = attrs.field(factory=dict)
    states: list[dict[str, Any]] = attrs.field(factory=list)


@attrs.frozen
class Shard:
    """One of several equal parts of a run's samples.

    Args:
        index: Which, from 0.
        of: How many there are.
    """

    index: int
    of: int

    def indices(self, count: int) -> range:
        """Its samples, of ``count``."""
        return range(self.index * count // self.of, (self.index + 1) * count // self.of)


def joined(portions: Sequence[Portion]) -> Portion:
    """Portions of one run in order, but for what the metrics have seen."""
    whole = Portion()
    for portion in portions:
        whole.table += portion.table
        whole.recorded |= portion.recorded
        whole.pictured += portion.pictured
        whole.latents |= portion.latents
        whole.cost += portion.cost
        whole.seconds += portion.seconds
        whole.devices |= portion.devices
    return whole


def translate_portion(
    assembly: Assembly, directory: Path, indices: Sequence[int], *, save_latents: bool, watch: Watch
) -> Portion:
    """Translate the samples of ``indices`` and feed the metrics; images go into ``directory/samples``."""
    started, config, portion = time.perf_counter(), assembly.config, Portion()
    pace = Pace(watch, -(-len(indices) // config.batch_size), 2 * top_index(assembly.method, config.steps))
    (directory / "samples").mkdir()
    for samples in ahead(_batches(assembly, indices)):
        output = _translate(assembly, samples, pace.advance)
        pace.finish_batch()
        portion.table.extend(_score(assembly, samples, output))
        portion.recorded.update(dict.fromkeys(output.records))
        for sample, image, latent in zip(samples, output.images.cpu(), output.latent.float().cpu(), strict=True):
            write_image(image, directory / "samples" / f"{sample.id}{suffix(len(image))}")
            if indices[0] + len(portion.pictured) < GRID_ROWS:
                portion.pictured.append((sample, image))
            if save_latents:
                portion.latents[sample.id] = latent.clone(memory_format=torch.contiguous_format)
        portion.cost += Cost(output.cost.forwards * len(samples), output.cost.backwards * len(samples))
    portion.seconds = time.perf_counter() - started
    portion.devices[str(assembly.model.device)] = None
    return portion


def _batches(assembly: Assembly, indices: Sequence[int]) -> Iterator[list[Sample]]:
    """The samples in batches, each of them checked."""
    size, seen = assembly.config.batch_size, set[str]()
    for first in range(0, len(indices), size):
        with blaming("dataset"):
            batch = [_sample(assembly, i) for i in indices[first : first + size]]
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
