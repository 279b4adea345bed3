"""The shape of a model's images, told without torch before it is loaded, so that what does not fit need not wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from spectralkit.errors import DataError
from spectralkit.models.card import read_card
from spectralkit.models.directory import Directory, find_directory
from spectralkit.plugins.registered import blame
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import ModelSpec

Shape = tuple[int, int, int]
"""(C, H, W)."""


def shape_of(name: str, parameters: Mapping[str, Any]) -> Shape | None:
    """The shape of the images of a model, by registered name, directory or hub id; None where only loading tells.

    Args:
        name: The model's.
        parameters: What it is to be loaded with.

    Raises:
        SpectralkitError: If there is no such model, or what it tells of itself cannot be read.
    """
    found = find_directory(name)
    if found is None:
        return cast(ModelSpec, registry().resolve("model", name).spec).shape
    if found.loader is not None:
        return _by_loader(found, found.loader, parameters)
    return read_card(found.path).shape


def _by_loader(found: Directory, loader: str, parameters: Mapping[str, Any]) -> Shape | None:
    """As the package that loads the directory tells it."""
    registered = registry().resolve("model", loader)
    target = cast(ModelSpec, registered.spec).shape_of
    if target is None:
        return None
    other = registered.aiming(target)
    tell = cast(Callable[..., "Shape | None"], registry().load(other))
    try:
        with blame(other):
            return tell(**{**parameters, "directory": found.path})
    except DataError:
        if found.fetched:  # loading tells how the rest of the copy is fetched
            return None
        raise
