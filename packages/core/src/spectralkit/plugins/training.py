"""What a registered data set names beside itself: its training half, and what prepares its download."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from spectralkit.errors import ConfigurationError
from spectralkit.plugins import signature
from spectralkit.plugins.registered import Registered, blame
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.plugins.text import brief, nearest, one_line


def build_training(name: str, parameters: Mapping[str, Any]) -> object:
    """The :class:`spectralkit.data.TrainingSet` of a data set.

    Args:
        name: A registered data set.
        parameters: The data set's; those that the training set takes too (a folder, not a degradation) are passed on.

    Raises:
        ConfigurationError: If the data set has no training data, neither of the two has such a parameter, or one that
            the training set needs is missing or of another type.
        SpectralkitError: If it is unknown, or its training set cannot be built.
    """
    training, factory, declared = _other(name, "training", "has no training data: choose another")
    _check_names(name, parameters, declared)
    _check_whole(name, parameters, declared.values())
    with blame(training):
        return factory(**signature.taken(declared, parameters))


def prepare(name: str, root: Path, parameters: Mapping[str, Any], tell: Callable[[str], None]) -> object:
    """Validate and index the download of a data set: a :class:`spectralkit.data.Prepared`.

    Args:
        name: A registered data set.
        root: Where its files lie.
        parameters: Those of the data set that what prepares it takes too.
        tell: Is told a line of progress.

    Raises:
        ConfigurationError: If nothing is to be prepared, or a parameter is unknown.
        SpectralkitError: If the data set is unknown, or its files are not there.
    """
    preparing, factory, declared = _other(name, "prepare", "needs no preparation: use it as it is")
    known = declared.keys() - {"root", "tell"}
    if strange := sorted(parameters.keys() - known):
        raise ConfigurationError(
            f"preparing data set {name!r} takes no parameter {brief(strange[0])}: it has "
            f"{', '.join(sorted(known)) or 'none'}"
        )
    with blame(preparing):
        return factory(root, tell=tell, **signature.taken(declared, parameters))


def _check_names(name: str, given: Iterable[str], declared: Iterable[str]) -> None:
    """Refuse what neither the data set nor its training set, which declares these, has."""
    registered = registry().resolve("dataset", name)
    others = [parameter.name for parameter in registry().parameters("dataset", name)]
    with blame(registered):
        if signature.takes_anything(cast(Callable[..., object], registry().load(registered))):
            return
    known = sorted({*declared, *others})
    for parameter in given:
        if parameter not in known:
            raise ConfigurationError(
                f"data set '{name}' has no parameter {brief(parameter)}: {nearest(parameter, known)}it has "
                f"{', '.join(known) or 'none'}"
            )


def _check_whole(name: str, given: Collection[str], declared: Iterable[signature.Parameter]) -> None:
    """Refuse to build a training set without the parameters that it needs."""
    if missing := signature.missing(declared, given):
        needs = ", ".join(f"{parameter.name} ({parameter.type})" for parameter in missing)
        remedy = " ".join(f"--set dataset.{parameter.name}=VALUE" for parameter in missing)
        raise ConfigurationError(f"data set {one_line(name)!r} needs {needs}: add {remedy}")


def _other(
    name: str, field: str, lacking: str
) -> tuple[Registered, Callable[..., object], dict[str, signature.Parameter]]:
    """The data set, with what one of its fields names in the place of its target; that, and its parameters by name."""
    registered = registry().resolve("dataset", name)
    target = getattr(cast(DatasetSpec, registered.spec), field)
    if target is None:
        raise ConfigurationError(f"data set {one_line(name)!r} {lacking}")
    other = registered.aiming(target)
    factory = cast(Callable[..., object], registry().load(other))
    with blame(other):
        return other, factory, {parameter.name: parameter for parameter in signature.read(factory)}
