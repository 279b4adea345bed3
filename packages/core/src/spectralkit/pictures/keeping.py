"""What has been read, kept as far as it fits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Protocol, TypeVar, cast

import attrs

BUDGET = 1 << 29
"""Bytes of decoded pictures that are kept; of a larger folder the rest is decoded anew each time."""


class Sized(Protocol):
    """What knows its size."""

    @property
    def nbytes(self) -> int:
        """In memory."""
        ...


T = TypeVar("T", bound=Sized)


@attrs.define(eq=False)
class Kept:
    """What came first stays, as good as any choice for random access; threads may share it.

    Args:
        budget: Bytes.
    """

    budget: int = BUDGET
    held: dict[Hashable, object] = attrs.field(factory=dict, init=False, repr=False)
    lock: Lock = attrs.field(factory=Lock, init=False, repr=False)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gave for ``key``, or gives."""
        if key in self.held:
            return cast(T, self.held[key])
        made = make()
        with self.lock:
            if key not in self.held and (left := self.budget - made.nbytes) >= 0:
                self.budget, self.held[key] = left, made
        return made
