"""Names that are kept apart: of files that would replace one another, where letters of theirs were left out."""

from __future__ import annotations

from collections.abc import Iterable


def apart(names: Iterable[str]) -> list[str]:
    """The names, the second of the same with ``-2`` behind it.

    >>> apart(["a", "b", "a", "a-2"])
    ['a', 'b', 'a-2', 'a-2-2']
    """
    found: list[str] = []
    for name in names:
        told, number = name, 1
        while told in found:
            number += 1
            told = f"{name}-{number}"
        found.append(told)
    return found
