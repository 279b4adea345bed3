"""Metrics by name, with the facts they need from a data set or given directly."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

from spectralkit.data import Structure, TranslationDataset
from spectralkit.errors import ConfigurationError
from spectralkit.metric.score import HABITS, Score, accustomed
from spectralkit.metric.targets import GivenTargets, real_images
from spectralkit.plugins.held import held
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec


@held
def load_metric(
    name: str,
    /,
    *,
    dataset: TranslationDataset | None = None,
    targets: GivenTargets | None = None,
    structure: Structure | None = None,
    **parameters: Any,
) -> Score:
    """The metric registered as ``name``.

    Args:
        name: A registered name.
        dataset: Where the metric finds the facts it needs, unless they are given:
        targets: Real target images: a batch (N, C, H, W) in [0, 1], images (C, H, W) one by one, or a function that
            gives them anew at each call.
        structure: How structure is compared.
        **parameters: The metric's own, and torchmetrics' (``sync_on_compute``, ``compute_on_cpu``, ...).

    Raises:
        SpectralkitError: If there is none, a parameter is wrong, or the facts it needs are missing or given twice.
    """
    facts: dict[str, object] = {} if structure is None else {"structure": structure}
    if targets is not None:
        facts["targets"] = real_images(name, targets)
    habits = {habit: parameters.pop(habit) for habit in HABITS & parameters.keys()}
    with accustomed(habits):
        return _build(name, parameters, facts, dataset)


def build_metric(
    name: str,
    parameters: Mapping[str, Any],
    *,
    dataset: TranslationDataset | None,
    facts: Mapping[str, object] = MappingProxyType({}),
) -> Score:
    """The metric registered as ``name``, for parameters that somebody typed, whatever they are called.

    Args:
        name: A registered name.
        parameters: The metric's own.
        dataset: Where it finds the facts it needs; None where they are given.
        facts: The facts of its spec by name.
    """
    targets = {} if "targets" not in facts else {"targets": real_images(name, cast(GivenTargets, facts["targets"]))}
    return _build(name, parameters, {**facts, **targets}, dataset)


def _build(
    name: str, parameters: Mapping[str, Any], facts: Mapping[str, object], dataset: TranslationDataset | None
) -> Score:
    needed = cast(MetricSpec, registry().resolve("metric", name).spec).facts
    if excess := sorted(facts.keys() - set(needed)):
        raise ConfigurationError(f"metric '{name}' takes no {' and no '.join(excess)}: leave it out")
    if needed and dataset is not None:
        if facts:
            raise ConfigurationError(
                f"metric '{name}': the data set says {' and '.join(needed)}: pass dataset= or {_told(facts)}, not both"
            )
        facts = {fact: getattr(dataset, fact) for fact in needed}
    if missing := [fact for fact in needed if fact not in facts]:
        raise ConfigurationError(
            f"metric '{name}' needs {' and '.join(missing)} of a data set: pass dataset= or {_told(missing)}"
        )
    return cast(Score, registry().build("metric", name, facts, **parameters))


def _told(facts: Mapping[str, object] | list[str]) -> str:
    return " and ".join(f"{fact}=" for fact in facts)
