"""What is varied: a parameter of a part of the run, or an option of it, with its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.expression import Term, parse
from spectralkit.plugins.text import brief
from spectralkit.running.config import RunConfig, literal
from spectralkit_bench.comparison.entry import outer
from spectralkit_bench.sweep.span import Span

OPTIONS = ("steps", "guidance", "inversion_guidance")

Point = Mapping[str, Any]
"""A value of every axis, by name."""


@attrs.frozen
class Axis:
    """One parameter.

    Args:
        name: ``ovg.clip``, or an option of a run, ``steps``.
        values: What it takes: some values, or a range.
    """

    name: str
    values: tuple[Any, ...] | Span

    @classmethod
    def read(cls, text: str) -> Axis:
        """``ovg.clip=0.25,0.5,1`` or ``ovg.clip=0.1..1.0``.

        Raises:
            ConfigurationError: If it is malformed.
        """
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_") if "." not in name else name.strip()
        pieces = [piece for each in outer(values, ",") if (piece := each.strip())]
        part, dot, parameter = name.partition(".")
        if not equals or not pieces or not (part and parameter.isidentifier() if dot else name in OPTIONS):
            raise ConfigurationError(
                f"malformed --vary {brief(text)}: write PART.PARAM=V,V, like ovg.clip=0.25,0.5, or a range, "
                f"ovg.clip=0.1..1.0, or one of {', '.join(OPTIONS)} in the place of PART.PARAM"
            )
        ranges = [span for piece in pieces if (span := Span.read(piece)) is not None]
        if ranges and len(pieces) > 1:
            raise ConfigurationError(f"malformed --vary {brief(text)}: a range stands alone, without other values")
        return cls(name, ranges[0] if ranges else tuple(map(literal, pieces)))


def axes(texts: Iterable[str]) -> tuple[Axis, ...]:
    """What every ``--vary`` names.

    Raises:
        ConfigurationError: If one is malformed, or is there twice.
    """
    found = tuple(map(Axis.read, texts))
    names = [axis.name for axis in found]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"--vary names something twice: {', '.join(names)}")
    return found


def configured(base: RunConfig, point: Point) -> RunConfig:
    """``base`` at a point, parameters of methods written into the expression.

    Raises:
        ConfigurationError: If a value is impossible.
    """
    terms = {term.name: dict(term.arguments) for term in parse(base.method)}
    settings = {part: dict(values) for part, values in base.settings.items()}
    options: dict[str, Any] = {}
    for name, value in point.items():
        part, dot, parameter = name.partition(".")
        if not dot:
            options[name] = value
        elif part in terms:
            terms[part][parameter] = value
            settings.get(part, {}).pop(parameter, None)  # which would win over the expression
        else:
            settings.setdefault(part, {})[parameter] = value
    method = "+".join(str(Term(name, arguments)) for name, arguments in terms.items())
    return attrs.evolve(base, method=method, settings=settings, **options)


def told(point: Point) -> str:
    """``ovg.clip=0.5, steps=20``; a long fraction is cut."""
    return ", ".join(f"{name}={shown(value)}" for name, value in point.items())


def shown(value: object) -> str:
    """A value as a table shows it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
