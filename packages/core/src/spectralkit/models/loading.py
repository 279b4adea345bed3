"""Models by name or directory, on a device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch

from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models import checkpoint, legacy
from spectralkit.models.card import FILE, read_card
from spectralkit.models.device import find_device
from spectralkit.models.model import Model
from spectralkit.plugins.held import held
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import ModelSpec


@held
def load_model(
    name: str | Path,
    /,
    *,
    dataset: TranslationDataset | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    **parameters: Any,
) -> Model:
    """A model by registered name or checkpoint directory, on ``device``.

    Args:
        name: A registered name, or a checkpoint directory (:mod:`spectralkit.models.checkpoint`), as text with a
            slash in it or as a path.
        dataset: What a fitted model (``gaussian``) is fitted to; others do not look at it.
        device: ``auto``, ``cpu``, ``cuda``, ...
        dtype: What the network runs in; None is as it was made. States and coefficients stay in float32 or better.
        **parameters: The model's own.

    Raises:
        SpectralkitError: If there is no such model, it cannot be read, or the device is absent.
    """
    called = f"./{name}" if isinstance(name, Path) and not name.is_absolute() else str(name)
    return build_model(called, parameters, dataset=dataset, device=device, dtype=dtype)


def build_model(
    name: str,
    parameters: Mapping[str, Any],
    *,
    dataset: TranslationDataset | None,
    device: str | torch.device,
    dtype: torch.dtype | None = None,
) -> Model:
    """:func:`load_model` for parameters that somebody typed, whatever they are called."""
    where = find_device(device)
    if is_directory(name):
        if parameters:
            raise ConfigurationError(f"checkpoint {name} takes no parameters, got {', '.join(parameters)}")
        directory, called = Path(name), Path(name).resolve().name
        load = checkpoint.load_checkpoint if (directory / FILE).is_file() else legacy.load_checkpoint
        return load(directory, called).to(where, dtype=dtype)
    spec = cast(ModelSpec, registry().resolve("model", name).spec)
    supplied: dict[str, Any] = {}
    if spec.fitted:
        supplied["dataset"] = registry().build("dataset", spec.dataset) if dataset is None else dataset
    return cast(Model, registry().build("model", name, supplied, **parameters)).to(where, dtype=dtype)


def is_directory(name: str) -> bool:
    """Whether a model is named by a path rather than a registered name.

    Raises:
        DataError: If it is a path without a checkpoint.
    """
    if "/" not in name and not name.startswith("."):
        return False
    if not any((Path(name) / file).is_file() for file in (FILE, legacy.CONFIG)):
        raise DataError(f"no checkpoint at {name}: name a directory that holds {FILE}, or a registered model")
    return True


def trained_on(name: str) -> str:
    """The data set that a model was trained on, by registered name or checkpoint directory.

    Raises:
        SpectralkitError: If there is no such model, or it cannot be read.
    """
    if not is_directory(name):
        return cast(ModelSpec, registry().resolve("model", name).spec).dataset
    directory = Path(name)
    return (read_card(directory) if (directory / FILE).is_file() else legacy.read_config(directory)).dataset
