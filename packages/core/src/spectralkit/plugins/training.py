"""The training half of a registered data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins import signature
from spectralkit.plugins.registered import Registered, blame
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.plugins.text import one_line


def build_training(name: str, parameters: Mapping[str, Any]) -> object:
    """The :class:`spectralkit.data.TrainingSet` of a data set.

    Args:
        name: A registered data set.
        parameters: The data set's; those that the training set takes too (a folder, not a degradation) are passed on.

    Raises:
        ConfigurationError: If the data set has no training data.
        SpectralkitError: If it is unknown, or its training set cannot be built.
    """
    training, factory = _training(name)
    with blame(training):
        declared = {parameter.name: parameter for parameter in signature.read(factory)}
        return factory(**{key: declared[key].accept(value) for key, value in parameters.items() if key in declared})


def training_parameters(name: str) -> tuple[str, ...]:
    """Names of the parameters that a data set's training set takes.

    Raises:
        ConfigurationError: If the data set has no training data.
        SpectralkitError: If it is unknown, or its training set cannot be loaded.
    """
    training, factory = _training(name)
    with blame(training):
        return tuple(parameter.name for parameter in signature.read(factory))


def _training(name: str) -> tuple[Registered, Callable[..., object]]:
    """The data set, its training set in the place of its target, and what that is made by."""
    registered = registry().resolve("dataset", name)
    target = cast(DatasetSpec, registered.spec).training
    if target is None:
        raise ConfigurationError(f"data set {one_line(name)!r} has no training data: choose another")
    training = attrs.evolve(registered, spec=attrs.evolve(registered.spec, target=target))
    return training, cast(Callable[..., object], registry().load(training))
