"""A method expression turned into parts: names looked up, parameters checked, parts composed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any, cast

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.expression import Term, parse
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.held import held
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import brief


@held
def load_method(expression: str, settings: Mapping[str, Mapping[str, Any]] | None = None) -> Parts:
    """The parts of a method expression such as ``ovg(eta_lf=1e-4)+taba``.

    Args:
        expression: Names joined by ``+``, each with keyword literals.
        settings: Further parameters by method name; they win over the expression's.

    Raises:
        SpectralkitError: If the expression is malformed, a name unknown, a parameter wrong, two parts conflict, or
            settings are of a method that it does not name.
    """
    settings = settings or {}
    names = [term.name for term in parse(expression)]
    for name in settings.keys() - set(names):
        raise ConfigurationError(f"settings are given for {brief(name)}, but the method names {', '.join(names)}")
    return build_method(expression, settings)


def build_method(expression: str, settings: Mapping[str, Mapping[str, Any]]) -> Parts:
    """:func:`load_method` with the settings of a run, which are of other parts too."""
    return reduce(add, (_build(term, settings.get(term.name, {})) for term in parse(expression)), Parts())


def _build(term: Term, settings: Mapping[str, Any]) -> Parts:
    parts = cast(Parts, registry().build("method", term.name, **{**term.arguments, **settings}))
    return attrs.evolve(parts, name=term.name)
