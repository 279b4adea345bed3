"""Text that is safe to print: names, values and messages of strangers, brought to one printable line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

LONGEST_MESSAGE = 500
"""Characters of an exception's message that are told."""


def one_line(text: object) -> str:
    """``str(text)`` with white space collapsed and every control character escaped.

    >>> one_line("two\\n lines \\x1b[31m")
    'two lines \\\\x1b[31m'
    """
    line = " ".join(_spoken(str, text).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def brief(value: object, length: int = 60) -> str:
    """``repr(value)`` as one line of at most ``length`` characters and a mark that it goes on."""
    return _cut(one_line(_spoken(repr, value)), length)


def message(error: BaseException) -> str:
    """The message of an exception, as one line of bounded length."""
    return _cut(one_line(error), LONGEST_MESSAGE)


def reason(error: BaseException) -> str:
    """The type and message of an exception, as one line of bounded length."""
    told = message(error)
    return f"{_class_name(error)}: {told}" if told else _class_name(error)


def called(kind: str, name: str) -> str:
    """``model 'edm'``, or ``the model`` where it has no name."""
    return f"{kind} {name!r}" if name else f"the {kind}"


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'ovg'? `` where one of the known names is near, else nothing."""
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def enumerated(names: Collection[str], most: int = 12) -> str:
    """``low, high``; of many names the first, and how many more there are."""
    shown = list(islice(names, most if len(names) <= most else most - 1))
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(shown) < len(names) else "")


def counted(number: int | str, noun: str) -> str:
    """``1 image``, ``2 images``; several numbers in one text are plural."""
    return f"{number} {noun}{'s' * (str(number) != '1')}"


def times(shape: Sequence[int]) -> str:
    """A shape as text: ``3x64x64``."""
    return "x".join(map(str, shape))


def _spoken(speak: Callable[[object], str], value: object) -> str:
    """``speak(value)``, or what can be said of a value that cannot speak for itself."""
    try:
        # A subclass of str has methods of its own; only a copy is plain text.
        return str.__str__(speak(value))
    except BaseException as error:  # SystemExit in a __str__ is no wish to end the program
        return f"({_class_name(value)} that raises {_class_name(error)} when it is printed)"


def _class_name(value: object) -> str:
    """The name of its class, read past whatever its metaclass overrides."""
    return str(type.__dict__["__name__"].__get__(type(value)))


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
