"""What a run needs to be there, its folders and its metrics' files; looked for before anything large is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from spectralkit.errors import DataError
from spectralkit.models.directory import find_directory
from spectralkit.models.trained import trained_on
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.running.config import RunConfig
from spectralkit.running.needs import check_ready


def check_run(config: RunConfig) -> None:
    """Refuse a run whose model or data set lies in a folder that is not there, or whose metrics lack something.

    Raises:
        SpectralkitError: As :func:`spectralkit.models.directory.find_directory`,
            :func:`spectralkit.models.trained.trained_on`, :func:`check_folders` and
            :func:`spectralkit.running.needs.check_ready`.
    """
    check_ready(config.metrics or (), config.settings)
    find_directory(config.model)
    given = config.settings.get("dataset", {})
    if config.dataset is not None:
        check_folders(config.dataset, given)
        return
    trained = trained_on(config.model)
    for name, path in _missing(trained.dataset, {**trained.settings, **given}):
        remedy = "check it" if name in given else f"model {config.model} was trained on it, give the one to use"
        raise DataError(f"no folder at {path}: {remedy}, --set dataset.{name}=DIR")


def check_folders(dataset: str, parameters: Mapping[str, object]) -> None:
    """Refuse a data set whose folder is not there.

    Raises:
        DataError: Naming the folder and the parameter.
        UnknownNameError: If there is no such data set.
    """
    for name, path in _missing(dataset, parameters):
        raise DataError(f"no folder at {path}: check dataset.{name}")


def _missing(dataset: str, parameters: Mapping[str, object]) -> Iterator[tuple[str, str | Path]]:
    """The parameters that name folders which are not there."""
    for name in cast(DatasetSpec, registry().resolve("dataset", dataset).spec).folders:
        path = parameters.get(name)
        if isinstance(path, str | Path) and not Path(path).is_dir():
            yield name, path
