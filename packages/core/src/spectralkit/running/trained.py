"""The data set of a run that names none: that of its model, with the settings that it was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from spectralkit.models.trained import trained_on
from spectralkit.plugins.registry import registry
from spectralkit.running.config import RunConfig


def with_data(config: RunConfig) -> RunConfig:
    """The configuration with a data set; what is set goes before what was recorded, the images' size among it.

    Raises:
        SpectralkitError: As :func:`spectralkit.models.trained.trained_on`.
    """
    if config.dataset is not None:
        return config
    trained = trained_on(config.model)
    given = config.settings.get("dataset", {})
    recorded = {**({} if trained.size is None else {"size": trained.size}), **trained.settings}
    defaults = {one.name: one.default for one in registry().parameters("dataset", trained.dataset)}
    taken = {name: value for name, value in recorded.items() if name in defaults and value != defaults[name]}
    if config.scale is not None:
        taken.pop("scale", None)
    settings = {**config.settings, "dataset": {**taken, **given}} if taken else config.settings
    return attrs.evolve(config, dataset=trained.dataset, settings=settings)


def data_told(asked: RunConfig, taken: RunConfig) -> tuple[str, ...]:
    """What :func:`with_data` has set, in a line; nothing where nothing was."""
    given, found = (_settings(config) for config in (asked, taken))
    told = ", ".join(f"{name} {value}" for name, value in found.items() if name not in given)
    return (f"data        {taken.dataset} as the model was trained on it: {told}",) if told else ()


def _settings(config: RunConfig) -> Mapping[str, Any]:
    return config.settings.get("dataset", {})
