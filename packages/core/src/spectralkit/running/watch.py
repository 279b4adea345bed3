"""How somebody follows a long run: told what to expect, then of every transition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs


class Watch(Protocol):
    """Follows a run."""

    def tell(self, lines: Sequence[str]) -> None:
        """What loading the model found and assumed."""
        ...

    def expect(self, transitions: int) -> None:
        """So many transitions in all; said again when it is known better."""
        ...

    def advance(self) -> None:
        """One transition is done."""
        ...


@attrs.frozen
class Unwatched:
    """Nobody follows."""

    def tell(self, lines: Sequence[str]) -> None:
        """Ignored."""

    def expect(self, transitions: int) -> None:
        """Ignored."""

    def advance(self) -> None:
        """Ignored."""


@attrs.define
class Pace:
    """Batches of equal work, told to a watch.

    A method may start above the first level or stop early, so that the number of transitions is an estimate until
    the first batch is done.

    Args:
        watch: Whom to tell.
        batches: How many there are.
        estimate: Transitions of one batch, as far as known beforehand.
    """

    watch: Watch
    batches: int
    estimate: int
    done: int = attrs.field(default=0, init=False)
    transitions: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.watch.expect(self.batches * self.estimate)

    def advance(self) -> None:
        """One transition is done."""
        self.transitions += 1
        self.watch.advance()

    def finish_batch(self) -> None:
        """One batch is done."""
        self.done += 1
        if self.done == 1:
            self.watch.expect(self.batches * self.transitions)
