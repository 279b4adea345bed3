"""The executor ``local``: in this process, or in several of its own on this machine.

Every process is a worker like any other: they share the store's cells by claiming them, and a machine beside this one
may share them too. A process that is lost gives its cell to the next that asks, and another takes its place; a cell
that has cost several processes is recorded as failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.running.loader import Loader
from spectralkit_bench.executors.board import Board
from spectralkit_bench.executors.losses import LOSSES, lost_too_often
from spectralkit_bench.executors.member import Member, end
from spectralkit_bench.executors.work import PAUSE, threads, work
from spectralkit_bench.store.record import Counts
from spectralkit_bench.store.store import Store
from spectralkit_bench.store.worker import worker_prefix

SIGNALLED = 128
"""Exit codes from here on tell of a signal, as negative ones do."""


@attrs.frozen
class InProcess:
    """One worker, this process.

    Args:
        loader: Whose models may be loaded already.
    """

    loader: Loader

    @contextmanager
    def crew(self, store: Store) -> Iterator[Alone]:
        """This process."""
        yield Alone(store, self.loader)


@attrs.frozen
class Alone:
    """This process, at work on a store.

    Args:
        store: Whose cells it runs.
        loader: Keeps what it has loaded.
    """

    store: Store
    loader: Loader

    def run(self, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``."""
        work(self.store, keys, self.loader, board)


@attrs.frozen
class Processes:
    """Several workers, each a process of its own with its own models.

    Args:
        workers: How many.
    """

    workers: int

    @contextmanager
    def crew(self, store: Store) -> Iterator[Staff]:
        """The processes; they are started when there is work for them, and end with the block."""
        staff = Staff(self.workers, store)
        try:
            yield staff
        finally:
            end(staff.members)


@attrs.define
class Staff:
    """Processes at work on a store, or waiting for more of it.

    Args:
        workers: How many there are at most.
        store: Whose cells they run.
    """

    workers: int
    store: Store
    members: list[Member] = attrs.field(factory=list, init=False)
    _lost: Counter[str] = attrs.field(factory=Counter, init=False)
    _in_vain: int = attrs.field(default=0, init=False)
    _last: Counts = attrs.field(factory=Counts, init=False)

    def run(self, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``.

        Raises:
            ConfigurationError: If a worker ends for a reason that is not its cell's, as of a full disk.
        """
        new = True
        while True:
            self._bury()
            counts = self._counted(keys, board)
            if not counts.open:
                return
            while len(self.members) < min(self.workers, counts.open):
                self.members.append(Member.start(self.store.directory, threads(self.workers)))
            for member in self.members:
                if new or member.idle:  # or is through, and somebody has a failed cell wait again
                    member.tell(keys)
            new = False
            self._listen()

    def _counted(self, keys: Sequence[str], board: Board) -> Counts:
        counts = self.store.counts(keys)
        if counts != self._last:
            self._last, self._in_vain = counts, 0
        board.show(counts)
        return counts

    def _listen(self) -> None:
        """Until somebody answers or ends, or it is time to look again."""
        wait([sign for one in self.members for sign in (one.line, one.process.sentinel)], PAUSE)
        for member in self.members:
            member.hear()

    def _bury(self) -> None:
        """Look into why workers have ended, and forget them."""
        for member in [one for one in self.members if one.process.exitcode is not None]:
            self.members.remove(member)
            member.line.close()
            self._look_into(member)

    def _look_into(self, member: Member) -> None:
        """Why a worker ended, and what it had in hand."""
        code = member.process.exitcode or 0
        if 0 < code < SIGNALLED:
            raise ConfigurationError("a worker cannot go on, and said why: what is done is kept")
        held = self._held(member)
        if not held and not member.answers:
            self._in_vain += 1
        if self._in_vain >= LOSSES:
            raise ConfigurationError(
                f"{LOSSES} workers have ended before they did anything (exit code {code}): "
                "fewer --workers need less memory"
            )
        for key in held:
            self._lost[key] += 1
            if self._lost[key] >= LOSSES:
                self.store.fail(key, lost_too_often(f"exit code {code}"))

    def _held(self, member: Member) -> list[str]:
        """The cells that are said to be in its hands."""
        theirs = worker_prefix(member.process.pid)
        return [record.key for record in self.store.records() if (record.worker or "").startswith(theirs)]
