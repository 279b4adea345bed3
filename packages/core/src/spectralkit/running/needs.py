"""What metrics need to be there, weights and what they are to score; looked for before anything large is imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.plugins.lacking import lacking
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec

_OPTIONS = {"latent": ("latents", "--latents FILE")}
"""What an input is called where it is not a folder of its own name."""


def check_given(metrics: Iterable[str], given: Collection[str]) -> None:
    """Refuse metrics that need what is not there.

    Args:
        metrics: Registered names.
        given: Folders and files, by the names of their options.

    Raises:
        ConfigurationError: Naming the metric and the option.
        UnknownNameError: If there is no such metric.
    """
    for name in metrics:
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        for needed in (*spec.inputs, *spec.facts):
            option, told = _OPTIONS.get(needed, (needed, f"--{needed} DIR"))
            if option not in given and option != "structure":
                raise ConfigurationError(f"metric '{name}' needs {told}: give it, or choose other --metrics")


def check_ready(metrics: Iterable[str], settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse metrics that lack something on this machine; all of it is told at once.

    Args:
        metrics: Registered names.
        settings: Parameters by metric, among others.

    Raises:
        DataError: Naming what is absent, for which metrics, and how to bring it.
        SpectralkitError: If there is no such metric, or a parameter is wrong.
    """
    lacks: dict[str, list[str]] = {}
    for name in dict.fromkeys(metrics):
        if (told := lacking(registry().resolve("metric", name), settings.get(name, {}))) is not None:
            lacks.setdefault(told, []).append(name)
    if lacks:
        raise DataError("; ".join(f"{', '.join(names)}: {told}" for told, names in lacks.items()))
