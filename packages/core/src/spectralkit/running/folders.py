"""Folders of a model and of a data set, looked for before anything large is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from spectralkit.errors import DataError
from spectralkit.models.directory import find_directory
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.running.config import RunConfig


def check_run(config: RunConfig) -> None:
    """Refuse a run whose model or data set lies in a folder that is not there.

    Raises:
        SpectralkitError: As :func:`spectralkit.models.directory.find_directory` and :func:`check_folders`.
    """
    find_directory(config.model)
    check_folders(config.dataset, config.settings.get("dataset", {}))


def check_folders(dataset: str | None, parameters: Mapping[str, object]) -> None:
    """Refuse a data set whose folder is not there; None is one that only the model knows.

    Raises:
        DataError: Naming the folder and the parameter.
        UnknownNameError: If there is no such data set.
    """
    if dataset is None:
        return
    for name in cast(DatasetSpec, registry().resolve("dataset", dataset).spec).folders:
        path = parameters.get(name)
        if isinstance(path, str | Path) and not Path(path).is_dir():
            raise DataError(f"no folder at {path}: check dataset.{name}")
