"""How somebody follows a grid: the counts of its cells, and the transitions of the one that runs here."""

from __future__ import annotations

from typing import Protocol

import attrs

from spectralkit.running.config import RunConfig
from spectralkit.running.watch import Unwatched, Watch
from spectralkit_bench.store.record import Counts


class Board(Watch, Protocol):
    """Follows a grid."""

    def show(self, counts: Counts) -> None:
        """So many cells are in each state."""
        ...

    def begin(self, cell: str) -> None:
        """A cell begins in this process."""
        ...


@attrs.frozen
class Blank(Unwatched):
    """Nobody follows."""

    def show(self, counts: Counts) -> None:
        """Ignored."""

    def begin(self, cell: str) -> None:
        """Ignored."""


def called(config: RunConfig) -> str:
    """``ovg+taba on ddim, ihc x8, seed 42``."""
    scale = "" if config.scale is None else f" x{config.scale}"
    return f"{config.method} on {config.model}, {config.dataset}{scale}, seed {config.seed}"
