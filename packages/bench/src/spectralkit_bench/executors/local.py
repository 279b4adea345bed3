"""The executor ``local``: in this process, or in several of its own on this machine.

Every process is a worker like any other: they share the store's cells by claiming them, and a machine beside this one
may share them too. A process that is lost gives its cell to the next that asks; a cell that has cost several processes
is recorded as failed.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.context import SpawnProcess
from pathlib import Path

import attrs
import torch

from spectralkit.errors import ConfigurationError
from spectralkit.running.loader import Keeping, Loader
from spectralkit.stops import Stopped, listen
from spectralkit_bench.executors.board import Blank, Board
from spectralkit_bench.executors.losses import LOSSES, lost_too_often
from spectralkit_bench.executors.work import PAUSE, threads, work
from spectralkit_bench.store.store import Store
from spectralkit_bench.store.worker import worker_prefix

GRACE = 10.0
"""Seconds that a worker has to give its cell back."""


@attrs.frozen
class InProcess:
    """One worker, this process.

    Args:
        loader: Whose models may be loaded already.
    """

    loader: Loader

    def run(self, store: Store, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``."""
        work(store, keys, self.loader, board)


@attrs.frozen
class Processes:
    """Several workers, each a process of its own with its own models.

    Args:
        workers: How many.
    """

    workers: int

    def run(self, store: Store, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``.

        Raises:
            ConfigurationError: If a worker ends for a reason that is not its cell's, as of a full disk.
        """
        team: list[SpawnProcess] = []
        lost: Counter[str] = Counter()
        try:
            while True:
                counts = store.counts(keys)
                board.show(counts)
                for member in [one for one in team if one.exitcode is not None]:
                    team.remove(member)
                    self._look_into(store, member, lost)
                if not counts.open:
                    break
                while len(team) < min(self.workers, counts.open):
                    team.append(_started(store.directory, tuple(keys), threads(self.workers)))
                time.sleep(PAUSE)
        finally:
            _end(team)

    def _look_into(self, store: Store, member: SpawnProcess, lost: Counter[str]) -> None:
        """Why a worker ended, and what it had in hand."""
        if member.exitcode == 0:
            return
        if member.exitcode == 2:
            raise ConfigurationError("a worker cannot go on, and said why: what is done is kept")
        theirs = worker_prefix(member.pid)
        for record in store.records():
            if record.state == "running" and record.worker is not None and record.worker.startswith(theirs):
                lost[record.key] += 1
                if lost[record.key] >= LOSSES:
                    store.fail(record.key, lost_too_often(f"exit code {member.exitcode}"))


def _started(directory: Path, keys: tuple[str, ...], parallel: int) -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(directory, keys, parallel), daemon=True)
    process.start()
    return process


def serve(directory: Path, keys: tuple[str, ...], parallel: int) -> None:
    """What a worker process does; it ends with the process that started it."""
    from spectralkit.cli.ending import end

    listen()
    threading.Thread(target=_follow_parent, daemon=True).start()
    torch.set_num_threads(parallel)
    try:
        work(Store.open(directory), keys, Keeping(), Blank())
    except Stopped as stop:
        raise SystemExit(stop.code) from None
    except Exception as error:
        raise SystemExit(end(error, json=False)) from None


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)


def _end(team: Sequence[SpawnProcess]) -> None:
    """Ask those that still work to give their cells back, and wait for them."""
    for member in team:
        member.terminate()
    deadline = time.monotonic() + GRACE
    for member in team:
        member.join(max(0.0, deadline - time.monotonic()))
        if member.exitcode is None:
            member.kill()
