"""A worker process: what it does, and how the process that started it holds it.

It is told which cells to run, runs those that nobody else has, says that it is through, and waits to be told of others.
What it has loaded for some stays loaded for those that follow.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import attrs
import torch

from spectralkit.running.loader import Keeping
from spectralkit.stops import Stopped, listen
from spectralkit_bench.executors.board import Blank
from spectralkit_bench.executors.work import work
from spectralkit_bench.store.store import Store

GRACE = 10.0
"""Seconds that a worker has to give its cell back."""


@attrs.define(eq=False)
class Member:
    """A worker process, seen from the one that started it.

    Args:
        process: It.
        line: On which it is told of cells, and answers.
        told: How often it was told.
        answers: How often it has answered that it is through.
    """

    process: SpawnProcess
    line: Connection
    told: int = 0
    answers: int = 0

    @classmethod
    def start(cls, directory: Path, threads: int) -> Member:
        """Start one on the store in ``directory``, with so many threads."""
        ours, theirs = multiprocessing.Pipe()
        spawning = multiprocessing.get_context("spawn")
        process = spawning.Process(target=serve, args=(theirs, directory, threads), daemon=True)
        with _interruption_waiting():
            process.start()
        theirs.close()
        return cls(process, ours)

    @property
    def idle(self) -> bool:
        """Whether it is through with all that it was told."""
        return self.answers == self.told

    def tell(self, keys: Sequence[str]) -> None:
        """These cells are to be run; one that has ended does not hear it."""
        with suppress(OSError):
            self.line.send(tuple(keys))
            self.told += 1

    def hear(self) -> None:
        """Whatever it has answered."""
        with suppress(EOFError, OSError):
            while self.line.poll():
                self.line.recv()
                self.answers += 1


def end(members: Sequence[Member]) -> None:
    """Ask them to give their cells back and to end, and wait for that."""
    for member in members:
        member.process.terminate()
    deadline = time.monotonic() + GRACE
    for member in members:
        member.process.join(max(0.0, deadline - time.monotonic()))
        if member.process.exitcode is None:
            member.process.kill()
            member.process.join()
        member.line.close()


@contextmanager
def _interruption_waiting() -> Iterator[None]:
    """Ctrl-C is for all processes of a terminal, and Python's own answer to it, until a worker listens, is a traceback.

    A process that is started within has Ctrl-C wait until it does; in this one it waits until the block ends.
    """
    resource_tracker.ensure_running()  # else the first process starts it, which lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve(line: Connection, directory: Path, threads: int) -> None:
    """What the process does; it ends with the one that started it, whose ``line`` is closed then."""
    from spectralkit.cli import ending

    listen()
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        threading.Thread(target=_follow_parent, daemon=True).start()
        torch.set_num_threads(threads)
        store, loader = Store.open(directory), Keeping()
        while (keys := _told(line)) is not None:
            work(store, keys, loader, Blank())
            line.send(None)
    except Stopped as stop:
        raise SystemExit(stop.code) from None
    except Exception as error:
        raise SystemExit(ending.end(error, json=False)) from None


def _told(line: Connection) -> Sequence[str] | None:
    """The next cells; None when there will be none."""
    try:
        keys: Sequence[str] = line.recv()
    except EOFError:
        return None
    return keys


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)
