"""Validators and converters of configurations: what is wrong is told in one sentence, by the option's name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief

LARGEST = 2**63 - 1
"""Larger whole numbers have no place in a TOML file."""

_LONG = "of at most 64 bits"

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]

optional = attrs.validators.optional


def _refuse(attribute: attrs.Attribute[Any], wanted: str, value: object) -> ConfigurationError:
    return ConfigurationError(f"{attribute.name.replace('_', '-')} must be {wanted}, got {brief(value)}")


def text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A name."""
    if not isinstance(value, str) or not value.strip():
        raise _refuse(attribute, "a name", value)
    _check_recordable(attribute.name, value)


def whole(least: int = -LARGEST, most: int = LARGEST) -> Validator:
    """A whole number between two bounds."""
    bounds = f"of at least {least}" if most == LARGEST else f"between {least} and {most}"

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refuse(attribute, "a whole number", value)
        if not least <= value <= most:
            raise _refuse(attribute, f"a whole number {_LONG if abs(value) > LARGEST == most else bounds}", value)

    return check


def finite(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A finite number."""
    if not isinstance(value, float) or not math.isfinite(value):
        raise _refuse(attribute, "a finite number", value)


def number(least: float, most: float, *, above: bool = False) -> Validator:
    """A number between two bounds; with ``above`` the lower one is not reached."""
    low = f"above {least:g}" if above else f"of at least {least:g}"
    told = f"a number {low}" if most == math.inf else f"a number {low} and at most {most:g}"

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if (
            not isinstance(value, float)
            or not least <= value <= most
            or (above and value == least)
            or value == math.inf
        ):
            raise _refuse(attribute, told, value)

    return check


@attrs.frozen
class OneOf:
    """One of a few words.

    Args:
        known: They.
    """

    known: tuple[str, ...]

    def __call__(self, instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value not in self.known:
            few = len(self.known) < 3
            told = " or ".join(map(repr, self.known)) if few else f"one of {', '.join(self.known)}"
            raise _refuse(attribute, told, value)


def one_of(*known: str) -> OneOf:
    """One of a few words."""
    return OneOf(known)


def names(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """At least one name."""
    if not isinstance(value, tuple) or not value or not all(isinstance(name, str) and name.strip() for name in value):
        raise _refuse(attribute, "a list of names", value)


def settings(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Tables of parameters by part."""
    if not isinstance(value, Mapping) or not all(isinstance(part, Mapping) for part in value.values()):
        raise _refuse(attribute, "tables of parameters by part", value)
    for part, parameters in value.items():
        for name, parameter in parameters.items():
            _check_recordable(f"{part}.{name}", parameter)


def _check_recordable(name: str, value: object) -> None:
    """Refuse what a TOML file could not bring back."""
    if isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):  # bytes that Python could not decode
            raise ConfigurationError(f"{name} cannot be {brief(value)}: it is not UTF-8, so it cannot be recorded")
    elif isinstance(value, list | tuple):
        for item in value:
            _check_recordable(name, item)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise ConfigurationError(f"setting {name} cannot be {brief(value)}, which has more than 64 bits")
    elif not isinstance(value, bool | int | float):
        raise ConfigurationError(
            f"setting {name} cannot be {brief(value)}, which a TOML file cannot record: leave it out for "
            "its default, or give a number, a text or a list"
        )


def as_float(value: object) -> object:
    """Whole numbers as numbers; anything else stays what it is."""
    try:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    except OverflowError:
        return math.inf


def as_tuple(values: object) -> object:
    """Lists, which TOML has, as tuples; anything else stays what it is."""
    return tuple(values) if isinstance(values, list) else values
