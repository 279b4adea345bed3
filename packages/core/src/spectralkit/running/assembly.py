"""A configuration's names turned into objects, and the refusal of what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import attrs

from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError, DataError, HeldOutError
from spectralkit.inversion.expression import parse
from spectralkit.inversion.method import build_method
from spectralkit.inversion.parts import Parts
from spectralkit.models.model import Model
from spectralkit.plugins.registered import blaming
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit.plugins.text import counted
from spectralkit.running.config import DEFAULT_METRICS, DEFAULT_SAMPLES, RunConfig, check_parts
from spectralkit.running.contract import check_dataset, check_sample
from spectralkit.running.loader import Afresh, Loader
from spectralkit.running.needs import check_ready
from spectralkit.running.renaming import Renamed
from spectralkit.running.scoring import NamedMetric
from spectralkit.running.trained import with_data


@attrs.frozen(eq=False)
class Assembly:
    """The objects that a configuration names.

    Args:
        config: With every default that depends on them filled in.
        dataset: What is translated.
        model: What translates it.
        method: How.
        metrics: What is scored.
    """

    config: RunConfig
    dataset: TranslationDataset
    model: Model
    method: Parts
    metrics: tuple[NamedMetric, ...]

    @property
    def count(self) -> int:
        """N, the number of samples."""
        assert self.config.samples is not None
        return self.config.samples


def assemble(config: RunConfig, loader: Loader | None = None) -> Assembly:
    """Turn names into objects, and refuse what does not fit together.

    What can be refused without loading anything is refused first.

    Args:
        config: The names.
        loader: Where data set, model and metrics come from; by default they are loaded for this run alone.

    Raises:
        SpectralkitError: If a name is unknown, a parameter wrong, or data set, model and method do not fit.
    """
    loader = loader or Afresh()
    wanted = _wanted_metrics(config)
    check_parts(config.settings, {"model", "dataset", *(term.name for term in parse(config.method)), *wanted})
    bare = assemble_unscored(config, loader)
    metrics = tuple(_metrics(bare.config, wanted, bare.dataset, loader))
    resolved = attrs.evolve(bare.config, metrics=tuple(metric.name for metric in metrics) or None)
    return attrs.evolve(bare, config=resolved, metrics=metrics)


def assemble_unscored(config: RunConfig, loader: Loader | None = None) -> Assembly:
    """What translates, without what scores it: the metrics that ``config`` names are not looked at.

    Args:
        config: The names.
        loader: As of :func:`assemble`.

    Raises:
        SpectralkitError: As :func:`assemble`.
    """
    loader = loader or Afresh()
    config = with_data(config)
    method = build_method(config.method, config.settings)
    dataset = loader.dataset(config)
    with blaming("dataset"):
        check_dataset(dataset)
        dataset = _renamed(dataset, config)
        samples = _samples(config, len(dataset))
    with blaming("model"):
        model = loader.model(config, dataset)
        dataset = _without_choice(dataset, model)
        model.check_fits(dataset)
    return Assembly(attrs.evolve(config, samples=samples), dataset, model, method, metrics=())


def _renamed(dataset: TranslationDataset, config: RunConfig) -> TranslationDataset:
    """The data set under the conditions that were named for its domains."""
    if config.source is None and config.target is None:
        return dataset
    return Renamed(dataset, config.source or dataset.source, config.target or dataset.target)


def _without_choice(dataset: TranslationDataset, model: Model) -> TranslationDataset:
    """The data set under a model's only condition, where it has no other and neither domain names one."""
    (name, *others), domains = model.conditions, (dataset.source, dataset.target)
    return dataset if others or any(map(model.knows, domains)) else Renamed(dataset, name, name)


def _samples(config: RunConfig, available: int) -> int:
    if not available:
        raise DataError(f"data set '{config.dataset}' has no sample: choose another")
    if config.samples is None:
        return min(DEFAULT_SAMPLES, available)
    if config.samples > available:
        raise ConfigurationError(
            f"data set '{config.dataset}' has {counted(available, 'sample')}, "
            f"{config.samples} were asked for: lower --samples"
        )
    return config.samples


def _wanted_metrics(config: RunConfig) -> tuple[str, ...]:
    if config.metrics is not None:
        check_ready(config.metrics, config.settings)
        return tuple(dict.fromkeys(config.metrics))
    installed = registry().names("metric")
    return tuple(name for name in DEFAULT_METRICS if name in installed)


def _metrics(
    config: RunConfig, names: tuple[str, ...], dataset: TranslationDataset, loader: Loader
) -> Iterator[NamedMetric]:
    with blaming("dataset"):
        has_reference = check_sample(dataset, 0, dataset[0], wanted=False).reference is not None
    for name in names:
        registered = registry().resolve("metric", name)
        if "reference" in cast(MetricSpec, registered.spec).inputs and not has_reference:
            if config.metrics is None:
                continue
            raise ConfigurationError(
                f"metric '{name}' compares with references, which data set '{dataset.name}' lacks: "
                "choose other --metrics"
            )
        try:
            metric = loader.metric(config, name, dataset)
        except HeldOutError:  # it compares with training images
            if config.metrics is None:
                continue
            raise
        yield NamedMetric(name, registered, metric)
