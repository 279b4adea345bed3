"""What is varied: a parameter of a part of the run, or an option of it, with its values."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.expression import Term, parse
from spectralkit.plugins.text import brief
from spectralkit.running.config import RunConfig, literal
from spectralkit_bench.comparison.entry import outer_commas

OPTIONS = ("steps", "guidance", "inversion_guidance")


@attrs.frozen
class Axis:
    """One parameter.

    Args:
        name: ``ovg.clip``, or an option of a run, ``steps``.
        values: What it takes.
    """

    name: str
    values: tuple[Any, ...]

    @classmethod
    def read(cls, text: str) -> Axis:
        """``ovg.clip=0.25,0.5,1``.

        Raises:
            ConfigurationError: If it is malformed.
        """
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_") if "." not in name else name.strip()
        found = tuple(literal(piece.strip()) for piece in outer_commas(values) if piece.strip())
        part, dot, parameter = name.partition(".")
        if not equals or not found or not (part and parameter.isidentifier() if dot else name in OPTIONS):
            raise ConfigurationError(
                f"malformed --vary {brief(text)}: write PART.PARAM=V,V, like ovg.clip=0.25,0.5, or one of "
                f"{', '.join(OPTIONS)} in the place of PART.PARAM"
            )
        return cls(name, found)


def varied(base: RunConfig, axes: Sequence[Axis]) -> list[tuple[dict[str, Any], RunConfig]]:
    """Every combination: its values by name, and its configuration, parameters of methods written into the expression.

    Raises:
        ConfigurationError: If an axis is there twice, or a value impossible.
    """
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        raise ConfigurationError(f"--vary names something twice: {', '.join(names)}")
    combinations = itertools.product(*(axis.values for axis in axes))
    points = [dict(zip(names, values, strict=True)) for values in combinations]
    return [(point, _with(base, point)) for point in points]


def _with(base: RunConfig, point: dict[str, Any]) -> RunConfig:
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
