"""Models named by a directory, or by the id of one in the local cache of the Hugging Face hub; nothing is fetched.

Nothing here imports torch, so that a name that leads nowhere is told at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import attrs

from spectralkit.errors import DataError, PluginError
from spectralkit.plugins.catalog import MARKS
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import ModelSpec

CARD = "spectralkit.json"
"""What makes a directory a checkpoint of this project."""

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@attrs.frozen
class Directory:
    """A directory with a model in it.

    Args:
        path: Where.
        name: What messages call the model.
        loader: The registered model that loads it; None where it is a checkpoint of this project.
        fetched: Whether it is a copy of a hub's, of which files may be missing.
    """

    path: Path
    name: str
    loader: str | None = None
    fetched: bool = False


def find_directory(name: str) -> Directory | None:
    """The directory that a model's name stands for; None where it is a registered name.

    Raises:
        DataError: If there is no model at a path, a hub id is not in the cache, or a directory is named like a model.
        PluginError: If several packages would load it.
        UnknownNameError: If the package that loads it is not installed.
    """
    if "/" not in name and not name.startswith("."):
        _check_name(name)
        return None
    path, called = Path(name), Path(name).resolve().name
    if fetched := HUB_ID.fullmatch(name) is not None and not path.exists():
        path, called = _cached(name), name
    if (path / CARD).is_file():
        return Directory(path, called, fetched=fetched)
    if loader := _loader(path):
        return Directory(path, called, loader, fetched)
    raise DataError(
        f"no checkpoint at {name}: name a directory that holds {CARD}, one that diffusers saved, or a registered model"
    )


def _check_name(name: str) -> None:
    """Refuse a name that is nobody's but a directory's."""
    known = {called for found in registry().all("model") for called in (found.spec.name, *found.spec.aliases)}
    if name not in known and os.path.isdir(name):  # which takes a name of any length
        raise DataError(f"no model is registered as {name}: of the directory of that name write ./{name}")


def _loader(path: Path) -> str | None:
    """The name of the model that loads ``path``, installed or known."""
    specs = {r.spec.name: cast(ModelSpec, r.spec).files for r in registry().all("model")}
    names = [name for name, files in {**MARKS, **specs}.items() if _holds(path, files)]
    if len(names) > 1:
        raise PluginError(
            f"{path} can be loaded as {' and '.join(names)}: say which, --model {names[0]} --set model.directory={path}"
        )
    for name in names:
        registry().resolve("model", name)  # says what to install, where it is not
    return next(iter(names), None)


def _holds(path: Path, files: Iterable[str]) -> bool:
    return path.is_dir() and any(next(path.glob(file), None) is not None for file in files)


def _cached(name: str) -> Path:
    """The newest copy of a hub's model."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except Exception as error:  # what is not there, and what cannot be a name, is told in many ways
        raise DataError(
            f"no checkpoint at {name}, neither a directory nor in the cache of the Hugging Face hub: name a directory "
            f"that holds {CARD}, one that diffusers saved, or fetch it first with `hf download {name}`"
        ) from error
