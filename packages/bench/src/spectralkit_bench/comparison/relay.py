"""Many runs told to one watch as if they were one."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from spectralkit.running.watch import Watch


@attrs.define
class Relay:
    """Transitions of runs that follow one another; those to come are expected to be like the latest.

    Args:
        watch: Whom to tell.
        runs: How many there are, as far as known.
    """

    watch: Watch
    runs: int
    done: int = attrs.field(default=0, init=False)
    before: int = attrs.field(default=0, init=False)
    transitions: int = attrs.field(default=0, init=False)
    heard: set[str] = attrs.field(factory=set, init=False)

    def tell(self, lines: Sequence[str]) -> None:
        """What loading found, once and not with every run."""
        new = [line for line in lines if line not in self.heard]
        self.heard.update(new)
        self.watch.tell(new)

    def expect(self, transitions: int) -> None:
        """So many transitions of the run that has begun."""
        self.watch.expect(self.before + transitions * (self.runs - self.done))

    def advance(self) -> None:
        """One transition is done."""
        self.transitions += 1
        self.watch.advance()

    def fewer(self, runs: int) -> None:
        """Some runs are not needed."""
        self.runs -= runs

    def finish_run(self) -> None:
        """A run is done."""
        self.done, self.before = self.done + 1, self.transitions
