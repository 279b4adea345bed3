"""Parameters read from signatures and docstrings, and values brought to their types."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Optional

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.signature import REQUIRED, Parameter, arguments, read, takes_anything, type_name
from spectralkit.plugins.text import one_line

if typing.TYPE_CHECKING:
    from nowhere import Unresolvable  # type: ignore[import-not-found]

literals = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.integers(), max_size=3)
)


@attrs.frozen
class Attrs:
    """A class.

    Args:
        size: How large.
        names: Their names, which
            may be many.
        _hidden: Not this.
    """

    size: float = 1.0
    names: tuple[str, ...] = attrs.field(factory=tuple, converter=tuple)
    computed: int = attrs.field(factory=lambda: 1 / 0)
    inner: str = attrs.field(default="x", init=False)


@dataclasses.dataclass
class Data:
    """A class.

    Args:
        size: How large.
    """

    size: int
    names: list[str] = dataclasses.field(default_factory=list)


class Plain:
    """A class.

    Args:
        size (int): How large: in pixels.
    """

    def __init__(self, size: int | None = None, *rest: int, flag: bool = False, **more: int) -> None:
        pass


def function(x: Unresolvable, y: float = 1, *, z=None) -> None:
    """Do it.

    Args:
        x: What it does, in ``code``.
        y: Sentence one.
            Sentence two: still of y.

    Raises:
        ValueError: If z.
    """


def summary(target: Callable[..., object]) -> list[tuple[str, str, object, str]]:
    return [(p.name, p.type, "!" if p.required else p.default, p.help) for p in read(target)]


def test_an_attrs_class_is_read():
    assert summary(Attrs) == [
        ("size", "float", 1.0, "How large."),
        ("names", "tuple[str, ...]", (), "Their names, which may be many."),
        ("computed", "int", "(computed)", ""),
    ]


def test_a_dataclass_is_read():
    assert summary(Data) == [("size", "int", "!", "How large."), ("names", "list[str]", "(computed)", "")]


def test_a_plain_class_is_read():
    assert summary(Plain) == [("size", "int | None", None, "How large: in pixels."), ("flag", "bool", False, "")]
    assert takes_anything(Plain)
    assert not takes_anything(Attrs)


def test_a_function_is_read_though_a_name_cannot_be_resolved():
    assert summary(function) == [
        ("x", "Unresolvable", "!", "What it does, in ``code``."),
        ("y", "float", 1, "Sentence one. Sentence two: still of y."),
        ("z", "any", None, ""),
    ]


def test_a_docstring_without_arguments_has_none():
    assert arguments("Summary: with a colon.\n\nReturns:\n    x: no argument.") == {}


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (float | None, "float | None"),
        (Optional[int], "int | None"),  # noqa: UP045  (the old spelling is what is tested)
        (Literal["log", "raw"], "'log' | 'raw'"),
        (tuple[int, ...], "tuple[int, ...]"),
        (Sequence[float], "Sequence[float]"),
        (Any, "any"),
        (REQUIRED, "any"),
        (Path, "Path"),
    ],
)
def test_types_are_written_as_a_reader_would(annotation, told):
    assert type_name(annotation) == told


def accept(annotation: Any, value: object) -> object:
    return Parameter("p", annotation, None, "").accept(value)


ACCEPTED = [
    (float, 1, 1.0),
    (int, 1, 1),
    (bool, True, True),
    (float | None, None, None),
    (float | None, 2, 2.0),
    (int | float, 2, 2),
    (float | int, 2, 2),
    (Literal["a", 1], 1, 1),
    (tuple[int, ...], [1, 2], (1, 2)),
    (tuple[float, float], [1, 2], (1.0, 2.0)),
    (list[int], (1,), [1]),
    (Path, "x", Path("x")),
    (Any, object, object),
    (REQUIRED, 3, 3),
    ("Unresolvable", 3, 3),
    (Callable[[], int], 3, 3),
]
REFUSED = [
    (float, True),
    (float, "1"),
    (float, None),
    (int, 1.0),
    (int, False),
    (bool, 1),
    (str, 1),
    (Literal["a", 1], True),  # True == 1, and yet it is not it
    (Literal["a", 1], "b"),
    (float | None, "none"),
    (tuple[int, ...], "12"),
    (tuple[int, ...], [1.5]),
    (tuple[int, int], [1]),
    (Path, 1),
]


@pytest.mark.parametrize(("annotation", "value", "result"), ACCEPTED)
def test_values_are_brought_to_their_types(annotation, value, result):
    brought = accept(annotation, value)
    assert brought == result
    assert type(brought) is type(result)


@pytest.mark.parametrize(("annotation", "value"), REFUSED)
def test_values_of_other_types_are_refused(annotation, value):
    with pytest.raises(ConfigurationError, match="p must be "):
        accept(annotation, value)


def test_a_converting_field_decides_itself():
    assert Parameter("p", tuple[int, ...], (), "", converts=True).accept("ab") == "ab"


@given(value=literals, annotation=st.sampled_from([bool, int, float, str, int | None, float | None, tuple[int, ...]]))
def test_accepting_is_idempotent(value, annotation):
    try:
        once = accept(annotation, value)
    except ConfigurationError:
        return
    again = accept(annotation, once)
    assert again == once
    assert type(again) is type(once)


@given(st.text())
def test_one_line_is_one_printable_line(text):
    line = one_line(text)
    assert line.isprintable()
    assert one_line(line) == line


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_one_line_leaves_printable_text_alone(text):
    assert one_line(text) == text
