"""One worker: claims cells of a store and runs them, one after the other, until none is left."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from spectralkit.errors import SpectralkitError
from spectralkit.plugins.text import reason
from spectralkit.running.claim import claim
from spectralkit.running.loader import Loader
from spectralkit.running.run import run_into
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.executors.board import Board, called
from spectralkit_bench.store.store import Store

PAUSE = 0.5
"""Seconds between looks at cells that others run."""


class CellError(Exception):
    """A cell's own failure, on its way past the claim of its directory; its message is why."""


def work(store: Store, keys: Sequence[str], loader: Loader, board: Board) -> None:
    """Run what waits, and then what dead workers leave, until every cell of ``keys`` is done or has failed.

    A cell that fails is recorded with its error; one that is interrupted waits again.

    Raises:
        SpectralkitError: If the store cannot be used, or its disk is full; nothing that is done is lost.
    """
    with store.working() as name:
        while True:
            cell = store.claim(keys, name)
            counts = store.counts(keys)
            board.show(counts)
            if cell is not None:
                _run(store, cell, loader, board)
            elif counts.open:
                time.sleep(PAUSE)
            else:
                return


def _run(store: Store, cell: Cell, loader: Loader, board: Board) -> None:
    try:
        board.begin(called(cell.config))
        if not store.place(cell.key).exists():  # a worker may die between the two
            run_cell(store.place(cell.key), cell, loader, board)
        store.finish(cell.key)
    except CellError as error:
        store.fail(cell.key, str(error))
    except BaseException:
        store.give_back(cell.key)
        raise


def run_cell(place: Path, cell: Cell, loader: Loader, board: Board) -> None:
    """Run a cell into its run directory.

    Raises:
        CellError: If the run fails by itself.
        SpectralkitError: If the directory cannot be written.
    """
    with claim([place]) as claimed, own_failure():
        run_into(claimed.directory, cell.config, save_latents=True, watch=board, loader=loader)


@contextmanager
def own_failure() -> Iterator[None]:
    """Within, what fails is the cell's own, but for a disk that is full or gone.

    Raises:
        CellError: If something fails.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise CellError(why(error)) from error


def why(error: Exception) -> str:
    """Why a cell failed, in a line."""
    return str(error) if isinstance(error, SpectralkitError) else reason(error)


def threads(workers: int) -> int:
    """Threads for each of several workers on one machine."""
    return max(1, (os.cpu_count() or 1) // workers)
