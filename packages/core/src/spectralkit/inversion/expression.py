"""Method expressions: ``ovg(eta_hf=1e3) + taba``.

The text is parsed with :mod:`ast`; names, ``+`` and keyword literals are read, nothing is evaluated. Hyphens belong to
names (``null-class``), except where Python needs a minus: before a number.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from typing import Any, cast

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MethodSpec
from spectralkit.plugins.text import brief

_HYPHEN = re.compile(r"(?<=[a-z0-9])-(?=[a-z])")
_STRING = re.compile(r"('[^']*'|\"[^\"]*\")")
_STAND_IN = "\u00b7"  # a letter to Python's parser, and no part of any name


@attrs.frozen
class Term:
    """One method of an expression with its keyword arguments."""

    name: str
    arguments: Mapping[str, Any] = attrs.field(factory=dict)

    def __str__(self) -> str:
        inner = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.name}({inner})" if inner else self.name


def parse(expression: str) -> tuple[Term, ...]:
    """The terms of an expression, in order.

    Raises:
        ConfigurationError: If the text is anything else than ``name(key=literal, ...) + ...``.
    """
    try:
        terms = tuple(_terms(_tree(expression), expression))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _malformed(expression, "it does not parse") from error
    names = [term.name for term in terms]
    for name in names:
        if names.count(name) > 1:
            raise _malformed(expression, f"'{name}' appears twice")
    return terms


def methods_of(expression: str) -> tuple[MethodSpec, ...]:
    """The specs of an expression's methods."""
    return tuple(cast(MethodSpec, registry().resolve("method", term.name).spec) for term in parse(expression))


def _tree(expression: str) -> ast.expr:
    """Python's syntax tree of the text, hyphens hidden in names."""
    if _STAND_IN in expression:
        raise SyntaxError(f"{_STAND_IN!r} is part of no name")
    pieces = _STRING.split(expression)
    if any("#" in piece for piece in pieces[::2]):
        raise _malformed(expression, "a comment ('#') has no place in it")
    hidden = "".join(piece if i % 2 else _HYPHEN.sub(_STAND_IN, piece) for i, piece in enumerate(pieces))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # doubtful text (a stray backslash, 1if) is refused, whatever Python's version
        return ast.parse(hidden.strip(), mode="eval").body


def _terms(node: ast.expr, expression: str) -> list[Term]:
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [*_terms(left, expression), *_terms(right, expression)]
        case ast.Name(id=name):
            return [Term(_restore(name))]
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            given = [_argument(keyword, expression) for keyword in keywords]
            if len(dict(given)) < len(given):
                raise _malformed(expression, f"'{_restore(name)}' is given a parameter twice")
            return [Term(_restore(name), dict(given))]
        case ast.Call(func=ast.Name(id=name)):
            raise _malformed(expression, f"arguments of '{_restore(name)}' need a keyword")
    raise _malformed(expression, f"'{_restore(ast.unparse(node))}' is no method")


def _argument(keyword: ast.keyword, expression: str) -> tuple[str, Any]:
    if keyword.arg is None:
        raise _malformed(expression, "'**' is not allowed")
    try:
        return keyword.arg, ast.literal_eval(keyword.value)
    except (ValueError, TypeError, SyntaxError) as error:
        raise _malformed(expression, f"the value of '{keyword.arg}' must be a literal") from error


def _restore(name: str) -> str:
    return name.replace(_STAND_IN, "-")


def _malformed(expression: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"malformed method {brief(expression)}: {reason}; write it like 'ovg(eta_lf=1e-4)+taba' (quote it in a shell)"
    )
