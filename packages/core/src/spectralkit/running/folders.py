"""Folders of a data set, looked for before anything large is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from spectralkit.errors import DataError
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec


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
