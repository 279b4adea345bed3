"""What the fields of a spec may hold: validators and a converter, strict to the type, for strangers fill them."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief

NAME = re.compile(r"[a-z][a-z0-9-]*")
TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


LONGEST_NAME = 100
LONGEST_TEXT = 2000
MOST_ALIASES = 100


def as_tuple(names: Any) -> Any:
    """A tuple, of an endless iterable too; what lists no names is left to the validator."""
    try:
        return names if isinstance(names, str) else tuple(islice(names, MOST_ALIASES + 1))
    except TypeError:
        return names


def refusal(instance: object, attribute: attrs.Attribute[Any], wanted: str, value: object) -> ConfigurationError:
    """The error of a field that holds something else."""
    return ConfigurationError(f"{type(instance).__name__}.{attribute.name} must {wanted}, got {brief(value)}")


def text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Text of bounded length."""
    # Exactly a str: a subclass could change its mind after it has been looked at.
    if type(value) is not str or len(value) > LONGEST_TEXT:
        raise refusal(instance, attribute, f"be text of at most {LONGEST_TEXT} characters", value)


def name(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A name by which a thing is asked for."""
    if type(value) is not str or not NAME.fullmatch(value) or len(value) > LONGEST_NAME:
        raise refusal(instance, attribute, f"match {NAME.pattern}, at most {LONGEST_NAME} characters", value)


def name_or_none(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A name, or empty text."""
    if type(value) is not str or value:
        name(instance, attribute, value)


def target(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Where code lies."""
    if type(value) is not str or not TARGET.fullmatch(value) or len(value) > LONGEST_TEXT:
        raise refusal(instance, attribute, "read 'module:attribute'", value)


def names(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of names."""
    if type(value) is not tuple or len(value) > MOST_ALIASES:
        raise refusal(instance, attribute, f"be a tuple of names, at most {MOST_ALIASES}", value)
    for item in value:
        name(instance, attribute, item)


def keywords(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of a target's parameters."""
    if type(value) is not tuple or any(type(item) is not str or not item.isidentifier() for item in value):
        raise refusal(instance, attribute, "be a tuple of parameters' names", value)


def patterns(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of patterns of file names."""
    if type(value) is not tuple or len(value) > MOST_ALIASES or any(type(x) is not str or not x for x in value):
        raise refusal(instance, attribute, f"be a tuple of file names, at most {MOST_ALIASES}", value)


def some_of(*known: str) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """A validator of tuples of these."""

    def validate(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if type(value) is not tuple or any(type(item) is not str or item not in known for item in value):
            raise refusal(instance, attribute, f"be a tuple, of {', '.join(map(repr, known))}", value)

    return validate


def boolean_or_none(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """True, False or None."""
    if value is not None and type(value) is not bool:
        raise refusal(instance, attribute, "be True, False or None", value)


def boolean(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """True or False."""
    if type(value) is not bool:
        raise refusal(instance, attribute, "be True or False", value)


def pairs(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of names with values."""
    found = value if type(value) is tuple else (None,)
    if not all(type(pair) is tuple and len(pair) == 2 and type(pair[0]) is str for pair in found):
        raise refusal(instance, attribute, "be a tuple of (name, value) pairs", value)


def meanings(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of names with what they mean."""
    pairs(instance, attribute, value)
    if len(value) > MOST_ALIASES:  # type: ignore[arg-type]  # a tuple, or it had been refused
        raise refusal(instance, attribute, f"be at most {MOST_ALIASES} pairs", value)
    for _, meaning in value:  # type: ignore[attr-defined]
        text(instance, attribute, meaning)


def shape(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """(C, H, W)."""
    sides = value if type(value) is tuple else ()
    if len(sides) != 3 or not all(type(side) is int and side > 0 for side in sides):
        raise refusal(instance, attribute, "be (C, H, W), each at least 1", value)


def bounds(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """A smallest and a largest value."""
    ends = value if type(value) is tuple else ()
    if len(ends) != 2 or not all(type(end) in (int, float) for end in ends) or not ends[0] < ends[1]:
        raise refusal(instance, attribute, "be the smallest and the largest value", value)
