"""How a grid is followed on the terminal: one live display, or a line for every cell that is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from spectralkit.cli.options import Lines
from spectralkit_bench.commands.printing import typed
from spectralkit_bench.executors.board import Blank, Board
from spectralkit_bench.store.record import Counts

if TYPE_CHECKING:
    from rich.progress import Progress

PERIOD = 7 * 86_400
"""Seconds that the time left is estimated from: a cell may take an hour, and rich looks back half a minute."""


@contextmanager
def followed(quiet: bool) -> Iterator[Board]:
    """A live display on stderr while that is a terminal, lines where it is none."""
    if quiet or not sys.stderr.isatty():
        yield Blank() if quiet else Log()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as Left

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), Left())
    with Progress(*columns, console=Console(stderr=True), transient=True, speed_estimate_period=PERIOD) as progress:
        yield Live(progress)


@contextmanager
def stoppable(counts: Callable[[], Counts] | None = None) -> Iterator[None]:
    """Within, somebody who stops the program is told how far it has come, and how to go on; quiet or not.

    Args:
        counts: How far it has come; None where no cell is known yet.
    """
    try:
        yield
    except KeyboardInterrupt:
        far = "before the first cell" if counts is None else told(counts())
        Lines().tell([f"stopped, {far}; to go on: {typed()}"])
        raise


class Log:
    """A line whenever the counts have changed, and for every cell that begins."""

    def __init__(self) -> None:
        self._last: Counts | None = None

    def show(self, counts: Counts) -> None:
        """Tell what is new."""
        if self._last is None or (counts.done, counts.failed) != (self._last.done, self._last.failed):
            self.tell([told(counts)])
        self._last = counts

    def begin(self, cell: str) -> None:
        """Tell what begins."""
        self.tell([f"  {cell}"])

    def tell(self, lines: Sequence[str]) -> None:
        """Print them."""
        Lines().tell(lines)

    def expect(self, transitions: int) -> None:
        """Ignored."""

    def advance(self) -> None:
        """Ignored."""


class Live:
    """Cells, and the transitions of the one that runs here, as bars of rich."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._grid = progress.add_task("looking", total=None)
        self._cell = progress.add_task("", total=None, visible=False)

    def show(self, counts: Counts) -> None:
        """So many cells are in each state."""
        done = counts.done + counts.failed
        self._progress.update(self._grid, description=told(counts), total=counts.total, completed=done)

    def begin(self, cell: str) -> None:
        """A cell begins in this process."""
        self._progress.reset(self._cell, description=cell, total=None, visible=True)

    def tell(self, lines: Sequence[str]) -> None:
        """Print above the bars."""
        for line in lines:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def expect(self, transitions: int) -> None:
        """Of the cell that runs here."""
        self._progress.update(self._cell, total=transitions)

    def advance(self) -> None:
        """One of them is done."""
        self._progress.advance(self._cell)


@attrs.frozen
class Ahead:
    """A board that counts cells which are not in the store yet.

    Args:
        board: That shows them.
        ahead: How many are still to come.
    """

    board: Board
    ahead: int

    def show(self, counts: Counts) -> None:
        """With those to come among those that wait."""
        self.board.show(counts.and_waiting(self.ahead))

    def begin(self, cell: str) -> None:
        """Passed on."""
        self.board.begin(cell)

    def tell(self, lines: Sequence[str]) -> None:
        """Passed on."""
        self.board.tell(lines)

    def expect(self, transitions: int) -> None:
        """Passed on."""
        self.board.expect(transitions)

    def advance(self) -> None:
        """Passed on."""
        self.board.advance()


def told(counts: Counts) -> str:
    """``5 of 27 cells done, 2 running, 1 failed``."""
    rest = "".join(f", {number} {name}" for name in ("running", "failed") if (number := getattr(counts, name)))
    return f"{counts.done} of {counts.total} cells done{rest}"
