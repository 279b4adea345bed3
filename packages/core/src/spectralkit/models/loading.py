"""Models by name, directory or hub id, on a device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import attrs
import torch

from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.checkpoint import load_checkpoint
from spectralkit.models.device import find_device
from spectralkit.models.directory import find_directory
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
    """A model by registered name, directory or hub id, on ``device``.

    Args:
        name: A registered name; a directory, as text with a slash in it or as a path: a checkpoint
            (:mod:`spectralkit.models.checkpoint`) or what an installed package loads; or the id of a model on the
            Hugging Face hub (``owner/name``) whose files are in the local cache.
        dataset: What a fitted model (``gaussian``) is fitted to; others do not look at it.
        device: ``auto``, ``cpu``, ``cuda``, ...
        dtype: What the network runs in; None is as it was made. States and coefficients stay in float32 or better.
        **parameters: The model's own; of a checkpoint, those of its process, in the place of what it was trained with.

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
    where, found = find_device(device), find_directory(name)
    if found is not None and found.loader is None:
        return load_checkpoint(found.path, found.name, parameters).to(where, dtype=dtype)
    supplied: dict[str, Any] = {}
    if found is not None:
        if "directory" in parameters:
            raise ConfigurationError(f"the directory is given twice, as model {name} and as its parameter")
        name, supplied = cast(str, found.loader), {"directory": found.path}
    spec = cast(ModelSpec, registry().resolve("model", name).spec)
    if spec.files:
        supplied["dtype"] = dtype
    if spec.fitted:
        supplied["dataset"] = registry().build("dataset", spec.dataset) if dataset is None else dataset
    try:
        built = cast(Model, registry().build("model", name, supplied, **parameters))
    except DataError as error:
        if found is None or not found.fetched:
            raise
        raise DataError(f"{error}; or fetch what the copy lacks with `hf download {found.name}`") from error
    return (built if found is None else attrs.evolve(built, name=found.name)).to(where, dtype=dtype)


def is_fitted(name: str) -> bool:
    """Whether a model of this name, directory or hub id is fitted to the data of a run."""
    found = find_directory(name)
    loader = name if found is None else found.loader
    return loader is not None and cast(ModelSpec, registry().resolve("model", loader).spec).fitted
