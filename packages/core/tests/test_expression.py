"""Method expressions: what is written comes back, and nothing that is no expression is ever evaluated."""

from __future__ import annotations

import builtins
import re
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.expression import Term, parse
from spectralkit.plugins.fields import NAME

PYTHON_WORDS = {"and", "as", "if", "in", "is", "not", "or", "for", "def", "del", "try", "from", "with", "else", "elif"}
names = st.from_regex(re.compile(r"[a-z][a-z0-9]{0,6}(-[a-z][a-z0-9]{0,4}){0,2}"), fullmatch=True).filter(
    lambda name: NAME.fullmatch(name) and not PYTHON_WORDS & set(name.split("-")) and name.isascii()
)
literals = st.one_of(
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.text(st.characters(codec="ascii", exclude_characters="'\"\\", categories=("L", "N", "P", "Zs")), max_size=8),
    st.lists(st.integers(0, 9), max_size=3),
)
keys = (
    st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
    .filter(str.isidentifier)
    .filter(lambda key: key not in PYTHON_WORDS and not __import__("keyword").iskeyword(key))
)
terms = st.builds(Term, names, st.dictionaries(keys, literals, max_size=3))


@given(expected=st.lists(terms, min_size=1, max_size=4, unique_by=lambda term: term.name))
def test_what_is_written_is_read(expected: list[Term]) -> None:
    assert parse(" + ".join(map(str, expected))) == tuple(expected)


@given(expected=st.lists(names, min_size=2, max_size=4, unique=True))
def test_space_does_not_matter(expected: list[str]) -> None:
    assert parse("+".join(expected)) == parse(f"  {'  +  '.join(expected)} ") == tuple(map(Term, expected))


real_import = builtins.__import__


def parser_import(name: str, *rest: Any) -> Any:
    """Python's own parser normalises names that are not ASCII with this module; nothing else is imported."""
    assert name == "unicodedata", f"the expression imported {name}"
    return real_import(name, *rest)


def forbidden(*_: Any, **__: Any) -> None:
    raise AssertionError("the expression was evaluated")


ALPHABET = "abz09-_+*/()[]{}=,.:'\" \n\\@#%&|<>!~`$λ·0\t"


@given(text=st.one_of(st.text(ALPHABET, max_size=40), st.text(max_size=20)))
@example("__import__('os').system('true')")
@example("ovg(eta_hf=open('x'))")
@example("ovg(**{'a': 1})")
@example("(lambda: 0)()")
@example("[x for x in (1,)]")
@example("ovg(" * 300)
@example("-" * 5000 + "a")
@example("ovg(a=1, a=2)")
@example("a\0b")
@example("·")
@example("f'{a}'")
@example("ovg if taba else b")
@example("(y := ovg)")
def test_any_text_gives_terms_or_one_clear_line_and_is_never_evaluated(text: str) -> None:
    with (
        patch.object(builtins, "eval", forbidden),
        patch.object(builtins, "exec", forbidden),
        patch.object(builtins, "__import__", parser_import),
        patch.object(builtins, "open", forbidden),
    ):
        try:
            parsed = parse(text)
        except ConfigurationError as error:
            message = str(error)
        else:
            message = ""
            assert parsed
            assert all(isinstance(term, Term) for term in parsed)
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "+", "ovg+", "+ovg", "ovg-taba(1)", "ovg(1)", "ovg(eta)", "ovg(a=b)", "ovg(a=1+b)", "ovg*2"),
        *("ovg taba", "1", "'ovg'", "ovg.taba", "ovg[0]", "ovg()()", "ovg+ovg", "ovg(a=1)+ovg(a=2)", "ovg(**a)"),
        *("ovg(*a)", "ovg;a", "null\u00b7class", "ovg(a='\\d')"),
    ],
)
def test_malformed_expressions_are_refused_with_the_text_and_an_example(text: str) -> None:
    with pytest.raises(ConfigurationError, match="malformed method") as caught:
        parse(text)
    assert repr(text) in str(caught.value)


def test_hyphens_belong_to_names_and_minus_to_numbers() -> None:
    assert parse("null-class(rate=-1e-2, text='a-b')+ovg") == (
        Term("null-class", {"rate": -1e-2, "text": "a-b"}),
        Term("ovg"),
    )
