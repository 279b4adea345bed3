"""Who is held out and who is trained on, decided by what each thing is, so that others joining it move nothing.

The first digits of SHA-256 place a thing in [0, 1): a file by its bytes, a well by its name. Things of one digest lie
at one place, and so on one side.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Generic, TypeVar

import attrs

from spectralkit.errors import ConfigurationError, DataError, told

T = TypeVar("T")

_DIGITS = 13  # 52 bits, as many as a float holds exactly

MOST_HELD = 0.99
"""A larger share than this would leave the trained parts without room, short of all, which leaves none."""


@attrs.frozen(eq=False)
class Division(Generic[T]):
    """Who shows what.

    Args:
        samples: What is translated.
        source: What the source domain is trained on.
        target: What the target domain is trained on.
    """

    samples: Sequence[T]
    source: Sequence[T]
    target: Sequence[T]


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read image {path}: {told(error)}") from error


def digest_of_all(paths: Iterable[Path]) -> str:
    """SHA-256 of the digests of several files, in their order; refused as by :func:`digest_of`."""
    return digest_of_name("".join(map(digest_of, paths)))


def digest_of_name(name: str) -> str:
    """SHA-256 of a name."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()


def place(digest: str) -> float:
    """In [0, 1), by SHA-256."""
    return int(digest[:_DIGITS], 16) / float(16**_DIGITS)


def divide(items: Sequence[T], digest: Callable[[T], str], bounds: Sequence[float]) -> tuple[tuple[T, ...], ...]:
    """Items by the interval that their place lies in; where there are places enough, none is empty.

    Args:
        items: In any order, which is kept.
        digest: Of an item; those of one digest stay together.
        bounds: Between the intervals, ascending, in (0, 1].
    """
    placed = [place(digest(item)) for item in items]
    places = sorted(set(placed))
    inner = [bound for bound in bounds if bound < 1]
    edges = [_at_least(places, bound, i + 1, len(inner) - i) for i, bound in enumerate(inner)]
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], min(edges[i - 1] + 1, len(places)))
    ends = [0, *edges, *[len(places)] * (len(bounds) - len(inner) + 1)]
    parts = [set(places[low:high]) for low, high in pairwise(ends)]
    return tuple(tuple(item for item, at in zip(items, placed, strict=True) if at in part) for part in parts)


def halves(items: Sequence[T], digest: Callable[[T], str], held_out: float) -> Division[T]:
    """A share of the items held out; of the others about one half shows either domain, and none shows both.

    Raises:
        ConfigurationError: If ``held_out`` is no share.
    """
    check_share(held_out)
    return Division(*divide(items, digest, (held_out, (1 + held_out) / 2)))


def apart(
    samples: Sequence[T], source: Sequence[T], target: Sequence[T], content: Callable[[T], Hashable]
) -> Division[T]:
    """Parts of which no two have a content in common: copies of what an earlier one shows are left out, and counted."""
    shown = set(map(content, samples))
    kept = [thing for thing in source if content(thing) not in shown]
    shown.update(map(content, kept))
    others = [thing for thing in target if content(thing) not in shown]
    if copies := len(source) + len(target) - len(kept) - len(others):
        warnings.warn(f"left out: {copies} training pictures that are copies of held-out or source ones", stacklevel=3)
    return Division(samples, kept, others)


def check_share(held_out: float) -> None:
    """Refuse a share of things held out that is none."""
    if not (0 < held_out <= MOST_HELD or held_out == 1):
        raise ConfigurationError(f"held_out must be above 0 and at most {MOST_HELD}, or 1 for all, got {held_out}")


def _at_least(places: Sequence[float], bound: float, before: int, after: int) -> int:
    """How many places lie below ``bound``, moved so that some are left on both sides."""
    return min(max(sum(place < bound for place in places), before), max(len(places) - after, 0))
