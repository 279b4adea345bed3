"""Text that is safe to print: names and messages of strangers, brought to one printable line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def one_line(text: object) -> str:
    """``str(text)`` with white space collapsed and every control character escaped.

    >>> one_line("two\\n lines \\x1b[31m")
    'two lines \\\\x1b[31m'
    """
    line = " ".join(str(text).split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)


def reason(error: BaseException) -> str:
    """The type and message of an exception, as one line."""
    message = one_line(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'ovg'? `` where one of the known names is near, else nothing."""
    near = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]!r}? " if near else ""
