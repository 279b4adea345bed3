"""One run: data set x model x method -> images, latents, scores, and a run directory.

    dataset -> Sample -> encode -> invert -> sample -> decode -> metrics -> files

One direction; nothing below this module knows of files, progress bars or the command line. Memory is bounded by the
batch: images are written as they come, metrics keep running sums, and the picture keeps its first rows.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs
import tomli_w
import torch
from torch import Tensor

from spectralkit import api
from spectralkit.config import DEFAULT_METRICS, RunConfig
from spectralkit.data import Sample, TranslationDataset
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.driver import top_index
from spectralkit.inversion.expression import parse
from spectralkit.inversion.parts import Parts
from spectralkit.inversion.probe import Cost
from spectralkit.metric import Score
from spectralkit.model import Model
from spectralkit.picture import grid, write_image
from spectralkit.registry import registry
from spectralkit.rundir import fresh_directory, safe_name, versions, write_csv, write_json
from spectralkit.specs import MetricSpec, ModelSpec

GRID_ROWS = 8


class Watch(Protocol):
    """Follows a run."""

    def begin(self, transitions: int) -> None:
        """A run of so many transitions starts."""
        ...

    def advance(self) -> None:
        """One transition is done."""
        ...


@attrs.frozen
class Unwatched:
    """Nobody follows."""

    def begin(self, transitions: int) -> None:
        """Ignored."""

    def advance(self) -> None:
        """Ignored."""


@attrs.frozen(eq=False)
class NamedMetric:
    """A metric with the spec that says what to feed it."""

    name: str
    spec: MetricSpec
    metric: Score

    def update(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """Feed one batch; the per-sample values, where the metric has any."""
        self.metric.update(**{name: inputs[name] for name in self.spec.inputs})
        return self.metric.values


@attrs.frozen(eq=False)
class Assembly:
    """The objects that a configuration names."""

    config: RunConfig
    dataset: TranslationDataset
    model: Model
    method: Parts
    metrics: tuple[NamedMetric, ...]

    @property
    def transitions(self) -> int:
        """How many transitions the whole run takes."""
        batches = -(-self.config.samples // self.config.batch_size)
        return batches * 2 * top_index(self.method, self.config.steps)


@attrs.frozen
class Report:
    """The numbers of a run, as ``metrics.json`` holds them.

    Args:
        scores: Metric name to number.
        details: Metric name to the numbers beside the score.
        diagnostics: What the method recorded, averaged over steps and samples.
        samples: N.
        cost: Network evaluations per sample.
        seconds: Wall time of inversion and sampling, images written and metrics computed.
    """

    scores: dict[str, float]
    details: dict[str, dict[str, float | str]]
    diagnostics: dict[str, float]
    samples: int
    cost: Cost
    seconds: float


def assemble(config: RunConfig) -> Assembly:
    """Turn names into objects, and refuse what does not fit together.

    Raises:
        SpectralkitError: If a name is unknown, a parameter wrong, or data set, model and method do not fit.
    """
    settings = {part: dict(values) for part, values in config.settings.items()}
    method = api.load_method(config.method, settings)
    directory = api.is_directory(config.model)
    name = config.dataset or _trained_on(config.model, directory)
    dataset = api.load_dataset(name, **_dataset_parameters(config, settings))
    if config.samples > len(dataset):
        raise ConfigurationError(
            f"data set '{name}' has {len(dataset)} samples, {config.samples} were asked for: lower --samples"
        )
    model = api.load_model(config.model, dataset=dataset, device=config.device, **settings.get("model", {}))
    model.check_fits(name, dataset.shape)
    for condition in (dataset.source, dataset.target):
        model.condition(condition)
    metrics = tuple(_metrics(config, settings, dataset))
    known = {"model", "dataset", *(term.name for term in parse(config.method)), *(m.name for m in metrics)}
    for part in settings:
        if part not in known:
            raise ConfigurationError(f"--set names the part '{part}', which this run lacks: it has {', '.join(sorted(known))}")
    return Assembly(config, dataset, model, method, metrics)


def _trained_on(model: str, directory: bool) -> str:
    if directory:
        from spectralkit.checkpoint import read_config

        return read_config(Path(model)).dataset
    spec = registry().resolve("model", model).spec
    assert isinstance(spec, ModelSpec)
    return spec.dataset


def _dataset_parameters(config: RunConfig, settings: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    parameters = dict(settings.get("dataset", {}))
    if config.scale is not None:
        parameters["scale"] = config.scale
    return parameters


def _metrics(
    config: RunConfig, settings: Mapping[str, dict[str, Any]], dataset: TranslationDataset
) -> Iterator[NamedMetric]:
    names = config.metrics
    if names is None:
        installed = registry().names("metric")
        names = tuple(name for name in DEFAULT_METRICS if name in installed)
    has_reference = dataset[0].reference is not None
    for name in dict.fromkeys(names):
        spec = registry().resolve("metric", name).spec
        assert isinstance(spec, MetricSpec)
        if "reference" in spec.inputs and not has_reference:
            if config.metrics is None:
                continue
            raise ConfigurationError(
                f"metric '{name}' compares with references, which data set '{dataset.name}' lacks: choose other --metrics"
            )
        yield NamedMetric(name, spec, api.load_metric(name, dataset=dataset, **settings.get(name, {})))


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
        assembly = assemble(config)
        report = _execute(assembly, directory, save_latents, watch or Unwatched())
        environment = {"python": platform.python_version(), **versions()}
        provenance = {"model": _plain(assembly.model.provenance), "versions": environment}
        (directory / "run.toml").write_text(tomli_w.dumps({"run": config.as_toml(), **provenance}))
        write_json(
            directory / "metrics.json",
            {**attrs.asdict(report), "seed": config.seed, "config": config.as_toml(), "versions": environment},
        )
    return report


def _plain(value: Any) -> Any:
    """What TOML can hold: mappings without None, lists for tuples."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _execute(assembly: Assembly, directory: Path, save_latents: bool, watch: Watch) -> Report:
    config, started = assembly.config, time.perf_counter()
    watch.begin(assembly.transitions)
    (directory / "samples").mkdir()
    table: list[dict[str, Any]] = []
    pictured: list[tuple[Sample, Tensor]] = []
    latents: dict[str, Tensor] = {}
    cost = Cost()
    for samples in _batches(assembly):
        output = _translate(assembly, samples, watch)
        table.extend(_score(assembly, samples, output))
        for sample, image, latent in zip(samples, output.images.cpu(), output.latent.cpu(), strict=True):
            write_image(image, directory / "samples" / f"{safe_name(sample.id)}.png")
            if len(pictured) < GRID_ROWS:
                pictured.append((sample, image))
            if save_latents:
                latents[sample.id] = latent.clone()
        weight = len(samples) / config.samples
        cost += Cost(output.cost.forwards * weight, output.cost.backwards * weight)
    write_csv(directory / "samples.csv", table)
    _picture(pictured).save(directory / "grid.png")
    if save_latents:
        from safetensors.torch import save_file

        save_file(latents, directory / "latents.safetensors")
    recorded = [key for key in table[0] if "/" in key]
    return Report(
        scores={m.name: float(m.metric.compute()) for m in assembly.metrics},
        details={m.name: dict(m.metric.details()) for m in assembly.metrics},
        diagnostics={key: sum(row[key] for row in table) / len(table) for key in recorded},
        samples=len(table),
        cost=cost,
        seconds=time.perf_counter() - started,
    )


def _batches(assembly: Assembly) -> Iterator[list[Sample]]:
    config = assembly.config
    for first in range(0, config.samples, config.batch_size):
        yield [assembly.dataset[i] for i in range(first, min(first + config.batch_size, config.samples))]


def _translate(assembly: Assembly, samples: list[Sample], watch: Watch) -> api.Output:
    config = assembly.config
    return api.translate(
        assembly.model,
        assembly.method,
        torch.stack([sample.source for sample in samples]),
        source=assembly.dataset.source,
        target=assembly.dataset.target,
        steps=config.steps,
        seed=config.seed,
        ids=[sample.id for sample in samples],
        guidance=config.guidance,
        inversion_guidance=config.inversion_guidance,
        label=config.label,
        progress=watch.advance,
    )


def _score(assembly: Assembly, samples: list[Sample], output: api.Output) -> Iterator[dict[str, Any]]:
    """Feed the metrics one batch; a row per sample."""
    inputs = {
        "source": torch.stack([sample.source for sample in samples]),
        "generated": output.images.cpu(),
        "latent": output.latent.cpu(),
    }
    references = [sample.reference for sample in samples if sample.reference is not None]
    if references:
        inputs["reference"] = torch.stack(references)
    columns: dict[str, Tensor] = {}
    for metric in assembly.metrics:
        values = metric.update(inputs)
        if values is not None:
            columns[metric.name] = values
    columns["energy"] = inputs["latent"].square().flatten(1).mean(dim=1)
    for name, records in output.inversion.records.items():
        columns[name] = records.mean(dim=0)
    for i, sample in enumerate(samples):
        yield {"id": sample.id, **{name: float(values[i]) for name, values in columns.items()}}


def _picture(pictured: list[tuple[Sample, Tensor]]) -> Any:
    rows, columns = [], ["source", "translated"]
    for sample, image in pictured:
        row = [sample.source, image]
        rows.append(row if sample.reference is None else [*row, sample.reference])
    if len(rows[0]) == 3:
        columns.append("reference")
    return grid(columns, rows, [sample.id for sample, _ in pictured])
