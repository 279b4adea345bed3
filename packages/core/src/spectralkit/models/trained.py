"""What a model was trained on, as it says itself; told without torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.models.card import read_card
from spectralkit.models.directory import find_directory
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import ModelSpec


@attrs.frozen
class Trained:
    """The data of a training.

    Args:
        dataset: A registered name.
        settings: Its parameters, as they were given.
        size: Side of the images; None where it is not known.
    """

    dataset: str
    settings: Mapping[str, Any] = MappingProxyType({})
    size: int | None = None


def trained_on(name: str) -> Trained:
    """What a model was trained on, by registered name or directory.

    Raises:
        SpectralkitError: If there is no such model, it cannot be read, or it does not say.
    """
    found = find_directory(name)
    if found is None or found.loader is not None:
        called = name if found is None else cast(str, found.loader)
        trained = Trained(cast(ModelSpec, registry().resolve("model", called).spec).dataset)
    else:
        trained = _recorded(found.path)
    if not trained.dataset:
        raise ConfigurationError(f"model {name} does not say what it was trained on: name a data set with --dataset")
    return trained


def _recorded(directory: Path) -> Trained:
    card = read_card(directory)
    parts = card.training.get("settings")
    settings = parts.get("dataset") if isinstance(parts, dict) else None
    height, width = card.shape[1:]
    return Trained(card.dataset, settings if isinstance(settings, dict) else {}, height if height == width else None)
