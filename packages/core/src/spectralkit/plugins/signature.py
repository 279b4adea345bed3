"""Parameters of a plugin's target: read from its signature and docstring, and checked before it is called.

A target is a function, an attrs or dataclass class, or a plain class. The meaning of a parameter is its entry under
``Args:`` in the (class) docstring.
"""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief
from spectralkit.plugins.values import CONTAINERS, UNIONS, MismatchError, accept

REQUIRED: Any = inspect.Parameter.empty
"""The default of a parameter that has none."""

_COMPUTED = "(computed)"


@attrs.frozen
class Parameter:
    """One keyword of a target.

    Args:
        name: The keyword.
        annotation: Its type, or :data:`REQUIRED` where the target states none.
        default: Its default, or :data:`REQUIRED`.
        help: Its meaning, one line.
        converts: Whether the target converts what it is given, and so decides itself what it accepts.
    """

    name: str
    annotation: Any
    default: Any
    help: str
    converts: bool = False

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is REQUIRED

    @property
    def type(self) -> str:
        """The annotation as a reader writes it."""
        return type_name(self.annotation)

    def accept(self, value: object) -> object:
        """``value`` brought to the annotated type.

        Raises:
            ConfigurationError: If it is of another type.
        """
        try:
            return accept(value, self.annotation)
        except MismatchError:
            if self.converts:
                return value
            given = f"{brief(value)} ({type(value).__name__})"
            raise ConfigurationError(f"{self.name} must be {self.type}, got {given}") from None


def read(target: Callable[..., object]) -> tuple[Parameter, ...]:
    """The keywords of ``target``, in its own order."""
    meanings, hints = arguments(inspect.getdoc(target) or ""), _hints(target)
    fields = {field.alias: field for field in attrs.fields(target)} if _is_attrs(target) else {}
    return tuple(
        Parameter(
            name=parameter.name,
            annotation=hints.get(parameter.name, REQUIRED),
            default=_default(parameter.default, fields.get(parameter.name)),
            help=meanings.get(parameter.name, ""),
            converts=parameter.name in fields and fields[parameter.name].converter is not None,
        )
        for parameter in inspect.signature(target).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )


def taken(declared: Mapping[str, Parameter], parameters: Mapping[str, object]) -> dict[str, object]:
    """Those of ``parameters`` that are declared, each brought to its type.

    Raises:
        ConfigurationError: If one is of another type.
    """
    return {name: declared[name].accept(value) for name, value in parameters.items() if name in declared}


def missing(declared: Iterable[Parameter], given: Collection[str]) -> list[Parameter]:
    """Those that must be given and are not."""
    return [parameter for parameter in declared if parameter.required and parameter.name not in given]


def takes_anything(target: Callable[..., object]) -> bool:
    """Whether ``target`` has ``**keywords``."""
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(target).parameters.values())


def arguments(docstring: str) -> dict[str, str]:
    """Name to meaning, from the ``Args:`` section of a cleaned Google docstring."""
    meanings: dict[str, str] = {}
    name, indent, inside = "", 0, False
    for line in docstring.splitlines():
        depth = len(line) - len(line.lstrip())
        if line.strip() and depth == 0:
            inside = line.strip() in ("Args:", "Arguments:")
        elif inside and line.strip():
            indent = indent or depth
            entry = re.match(r"\*{0,2}(\w+)(?:\s*\(.*?\))?:\s*(.*)", line.strip()) if depth == indent else None
            if entry:
                name = entry[1]
            meanings[name] = f"{meanings.get(name, '')} {entry[2] if entry else line.strip()}".strip()
    return meanings


def type_name(annotation: Any) -> str:
    """An annotation as a reader writes it: ``float | None``, ``'log' | 'raw'``, ``tuple[int, ...]``."""
    origin, members = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " | ".join(map(repr, members))
    if origin in UNIONS:
        return " | ".join(map(type_name, members))
    if origin in CONTAINERS:
        return f"{origin.__name__}[{', '.join('...' if member is ... else type_name(member) for member in members)}]"
    names = {REQUIRED: "any", Any: "any", None: "None", type(None): "None"}
    return names.get(annotation) or (annotation.__name__ if isinstance(annotation, type) else str(annotation))


def _is_attrs(target: object) -> typing.TypeGuard[type[attrs.AttrsInstance]]:
    return isinstance(target, type) and attrs.has(target)


def _hints(target: Callable[..., object]) -> dict[str, Any]:
    """Annotations, resolved where their names can be; those that cannot stay strings and are not checked."""
    if _is_attrs(target):
        # attrs compiles __init__ in a namespace of its own; the class body's annotations are the ones that resolve.
        declared = {field.alias: field.type for field in attrs.fields(target)}
    else:
        declared = {p.name: p.annotation for p in inspect.signature(target).parameters.values()}
    scope = vars(sys.modules.get(getattr(target, "__module__", None) or "", typing))
    return {name: _resolved(hint, scope) for name, hint in declared.items() if hint is not None}


def _resolved(hint: Any, scope: Mapping[str, Any]) -> Any:
    if not isinstance(hint, str):
        return hint
    try:
        return eval(hint, dict(scope))  # the same trust as importing the module that wrote it
    except Exception:  # a name imported for type checkers only
        return hint


def _default(default: Any, field: attrs.Attribute[Any] | None) -> Any:
    """A factory's product is not a value to print, unless it is an empty container."""
    factory: Any = field.default if field is not None else None
    if isinstance(factory, attrs.Factory):  # type: ignore[arg-type]  # a class at run time, a function in its stub
        return factory.factory() if factory.factory in (list, dict, tuple, set) else _COMPUTED
    is_dataclass_factory = type(default).__name__ == "_HAS_DEFAULT_FACTORY_CLASS"
    return _COMPUTED if is_dataclass_factory else default
