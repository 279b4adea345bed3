"""Values brought to their annotations: widened where nothing is lost, refused where they are of another type.

An int widens to a float, a string to a path, a list to a tuple; a bool is an int to Python but not to a reader, and a
number of another library (numpy's) is one of Python's.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, Union

UNIONS = (Union, types.UnionType)
CONTAINERS = (tuple, list, Sequence)

Other = Callable[[object, Any], object]
"""What becomes of a value whose annotation is no scalar, literal, union or container."""


class MismatchError(Exception):
    """A value of another type than wanted.

    Args:
        value: The value.
        wanted: The annotation.
        path: Where in what was given it lies: ``[0]``, ``['taba']``, or nothing.
    """

    def __init__(self, value: object, wanted: Any, path: str = "") -> None:
        super().__init__(path)
        self.value, self.wanted, self.path = value, wanted, path

    def within(self, key: object) -> MismatchError:
        """The same, seen from what holds it."""
        return MismatchError(self.value, self.wanted, f"[{key!r}]{self.path}")


def _is_number(value: object) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        float(value)
    except OverflowError:  # an int beyond the largest float
        return False
    return True


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


_SCALARS: dict[Any, tuple[Callable[[Any], bool], Callable[[Any], object]]] = {
    # type: whether a value will do, and what brings it there
    bool: (lambda value: isinstance(value, bool), bool),
    int: (_is_whole, int),
    float: (_is_number, float),
    str: (lambda value: isinstance(value, str), str),
    Path: (lambda value: isinstance(value, str | Path), Path),
    type(None): (lambda value: value is None, lambda none: none),
}


def anything(value: object, annotation: Any) -> object:
    """Any value whatever."""
    return value


def accept(value: object, annotation: Any, other: Other = anything) -> object:
    """``value`` as ``annotation``.

    Raises:
        MismatchError: If it is of another type.
    """
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in UNIONS:
        return _any(value, annotation, members, other)
    if origin in CONTAINERS:
        return _items(value, annotation, members, other)
    if origin is Literal:
        return required(any(type(value) is type(m) and value == m for m in members), value, annotation)
    if annotation in _SCALARS:
        holds, bring = _SCALARS[annotation]
        return bring(required(holds(value), value, annotation))
    return other(value, annotation)


def required(fits: bool, value: object, annotation: Any) -> object:
    """``value``, where it fits.

    Raises:
        MismatchError: If it does not.
    """
    if not fits:
        raise MismatchError(value, annotation)
    return value


def _any(value: object, annotation: Any, members: tuple[Any, ...], other: Other) -> object:
    """The member that leaves the value as it is wins over one that widens it; of refusals the one that saw deepest."""
    accepted, refused = [], [MismatchError(value, annotation)]
    for member in members:
        try:
            accepted.append(accept(value, member, other))
        except MismatchError as error:
            refused.append(error)
    if not accepted:
        raise max(refused, key=lambda error: len(error.path))
    return next((item for item in accepted if type(item) is type(value)), accepted[0])


def _items(value: object, annotation: Any, members: tuple[Any, ...], other: Other) -> object:
    required(isinstance(value, list | tuple), value, annotation)
    items, container = typing.cast(Sequence[object], value), typing.get_origin(annotation)
    if container is not tuple or (len(members) == 2 and members[1] is ...):
        members = (members[0],) * len(items)
    required(len(items) == len(members), value, annotation)
    accepted = [accept_at(i, item, member, other) for i, (item, member) in enumerate(zip(items, members, strict=True))]
    return accepted if container is list else tuple(accepted)


def accept_at(key: object, item: object, annotation: Any, other: Other) -> object:
    """``item`` as ``annotation``, told as lying at ``key`` where it is refused."""
    try:
        return accept(item, annotation, other)
    except MismatchError as error:
        raise error.within(key) from None
