"""The public face, held to its own annotations: what a caller hands over is refused at the door, in one sentence.

An annotation is the one place where a type stands. Numbers and containers are brought to it (:mod:`values`), a class
means an instance, a protocol its members, and a function has to take as many arguments as it will be given.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from typing import Any, ParamSpec, Protocol, TypeVar

import attrs

from spectralkit.errors import ConfigurationError, DataError, SpectralkitError
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.signature import type_name
from spectralkit.plugins.text import brief, counted
from spectralkit.plugins.values import UNIONS, MismatchError, accept, accept_at, required

P = ParamSpec("P")
R = TypeVar("R")

_CALLED = {
    "Inverted": "an inversion, as sk.invert gives",
    "Model": "a Model, as sk.load_model gives",
    "Module": "a torch.nn.Module",
    "Parts": "Parts, as sk.load_method gives",
    "Process": "a Process",
    "Spec": "a MethodSpec, a MetricSpec or another spec of spectralkit.plugins",
    "Tensor": "a torch tensor",
    "TranslationDataset": "a data set, as sk.load_dataset gives",
    "device": "a torch.device",
    "dtype": "a torch.dtype such as torch.bfloat16",
}
"""What messages call an instance of a class, and where one comes from."""


def held(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, with arguments of the types that it declares.

    Raises:
        DataError: Of what should be a tensor and is none.
        ConfigurationError: Of everything else.
    """
    declared = inspect.signature(function)
    told = function.__qualname__ if "." in function.__qualname__ else f"sk.{function.__name__}"

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        given = declared.bind(*args, **kwargs)
        hints = _hints(function)
        for name, value in given.arguments.items():
            if name in hints:
                given.arguments[name] = hold(told, name, value, hints[name])
        return function(*given.args, **given.kwargs)

    return called


def hold_fields(value: attrs.AttrsInstance) -> None:
    """Bring the fields of a new attrs value to the types that its class declares.

    Raises:
        ContractError: Naming what a field was given, and what it must be.
    """
    hints = _hints(type(value))
    for field in attrs.fields(type(value)):
        try:
            held_value = accept(getattr(value, field.name), hints[field.name], _instance)
        except MismatchError as error:
            where = f"{field.name}{error.path} of {type(value).__name__}"
            raise ContractError(error.value, f"cannot be {where}: it must be {_told(error.wanted)}") from None
        object.__setattr__(value, field.name, held_value)  # as a converter would, of a frozen value


def hold(where: str, name: str, value: object, annotation: Any) -> Any:
    """``value`` as ``annotation``.

    Args:
        where: Whose ``name`` it is.
        name: What it is called there.
        value: The value.
        annotation: What it should be.

    Raises:
        SpectralkitError: As :func:`held`.
    """
    try:
        return accept(value, annotation, _instance)
    except MismatchError as error:
        raise _refusal(f"{where}: {name}{error.path}", error) from None


def takes(value: Callable[..., object], *names: str) -> bool:
    """Whether ``value`` can be called with as many arguments, as far as it says."""
    try:
        inspect.signature(value).bind(*names)
    except TypeError:
        return False
    except ValueError:  # some of Python's own functions have no signature
        return True
    return True


_hints = cache(typing.get_type_hints)


def _instance(value: object, annotation: Any) -> object:
    """``value``, where it is what a class, a protocol, a mapping or a function's type says."""
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Mapping:
        required(isinstance(value, Mapping), value, annotation)
        items = typing.cast(Mapping[object, object], value).items()
        return {accept(k, members[0], _instance): accept_at(k, item, members[1], _instance) for k, item in items}
    if origin is Callable:
        names = ["argument"] * (0 if members[0] is ... else len(members[0]))
        required(callable(value) and (members[0] is ... or takes(value, *names)), value, annotation)
    elif _is_protocol(annotation):
        # A class has the members of its instances, and does something else when it is called.
        fits = not isinstance(value, type) and isinstance(value, annotation) and _answers(value, annotation)
        required(fits, value, annotation)
    elif isinstance(annotation, type) and annotation is not Any:  # which is a class since Python 3.11
        required(isinstance(value, annotation), value, annotation)
    return value


def _is_protocol(annotation: Any) -> bool:
    return isinstance(annotation, type) and Protocol in annotation.__bases__


def _call(protocol: type) -> tuple[str, ...] | None:
    """The names of what its instances are called with; None where they are not called."""
    call = vars(protocol).get("__call__")
    return None if call is None else tuple(inspect.signature(call).parameters)[1:]


def _answers(value: object, protocol: type) -> bool:
    names = _call(protocol)
    return names is None or (callable(value) and takes(value, *names))


def _refusal(what: str, error: MismatchError) -> SpectralkitError:
    is_tensor = getattr(error.wanted, "__name__", "") == "Tensor"
    given = f"{brief(error.value)} ({type(error.value).__name__})"
    if is_tensor:
        return DataError(f"{what} must be a torch tensor, got {type(error.value).__name__}: try torch.as_tensor")
    return ConfigurationError(f"{what} must be {_told(error.wanted)}, got {given}")


def _told(annotation: Any) -> str:
    """An annotation in a sentence."""
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in UNIONS:
        told = [_told(member) for member in members]
        return (", or " if any(", " in words for words in told) else " or ").join(told)
    if origin in _GENERIC:
        return _GENERIC[origin](members)
    known = _CALLED.get(getattr(annotation, "__name__", ""))
    return known or (_members(annotation) if _is_protocol(annotation) else type_name(annotation))


def _tuple_told(members: tuple[Any, ...]) -> str:
    return f"a tuple, each {_told(members[0])}" if ... in members else f"({', '.join(map(_told, members))})"


def _function_told(members: tuple[Any, ...]) -> str:
    if members[0] is ...:
        return "a function"
    return f"a function of {counted(len(members[0]), 'argument')}"


_GENERIC: dict[Any, Callable[[tuple[Any, ...]], str]] = {
    Callable: _function_told,
    Mapping: lambda members: f"a mapping of {_told(members[0])} to {_told(members[1])}",
    Sequence: lambda members: f"a list of {_told(members[0])}",
    tuple: _tuple_told,
}


def _members(protocol: type) -> str:
    """A protocol by what it asks for."""
    names, call = [name for name in vars(protocol) if not name.startswith("_")], _call(protocol)
    called = [] if call is None else [f"a call ({', '.join(call)})"]
    if not names and call is not None:
        return f"a function ({', '.join(call)})"
    return f"a {protocol.__name__} with {', '.join([*names, *called])}"
