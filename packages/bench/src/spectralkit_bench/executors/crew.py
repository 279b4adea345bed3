"""The actors of a cluster, what each has in hand, and what becomes of it."""

from __future__ import annotations

import io
import tarfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import attrs
import ray
from ray.exceptions import RayError

from spectralkit.plugins.text import reason
from spectralkit.running.claim import claim
from spectralkit.running.loader import Loader
from spectralkit.running.portion import Shard
from spectralkit.running.run import merge_shards
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.executors.actor import Returned, Runner
from spectralkit_bench.executors.board import Board, called
from spectralkit_bench.executors.losses import LOSSES, lost_too_often
from spectralkit_bench.executors.work import PAUSE, CellError, own_failure
from spectralkit_bench.store.store import Store


@attrs.frozen(kw_only=True)
class Resources:
    """What every cell is given.

    Args:
        cpus: Processors.
        gpus: Accelerators; a part of one may be shared.
    """

    cpus: float = 1.0
    gpus: float = 0.0


@attrs.frozen(kw_only=True)
class Team:
    """Who works on a grid.

    Args:
        workers: How many actors at most.
        shards: Parts that the samples of every cell are cut into.
        resources: Of each actor.
        loader: What this process has loaded, for merging shards.
    """

    workers: int
    shards: int = 1
    resources: Resources = Resources()
    loader: Loader


@attrs.frozen
class Job:
    """A shard of a cell."""

    cell: Cell
    shard: Shard


@attrs.define
class Crew:
    """The actors of a store, and what each has in hand; they stay, with what they have loaded, for further cells.

    Args:
        team: How many there may be, and what each is given.
        store: Whose cells they run.
        name: By which the store knows this process, which claims the cells.
    """

    team: Team
    store: Store
    name: str
    free: list[Any] = attrs.field(factory=list, init=False)
    waiting: deque[Job] = attrs.field(factory=deque, init=False)
    busy: dict[Any, tuple[Any, Job]] = attrs.field(factory=dict, init=False)
    returned: dict[str, dict[int, Returned]] = attrs.field(factory=dict, init=False)
    lost: Counter[str] = attrs.field(factory=Counter, init=False)

    def run(self, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``."""
        try:
            while True:
                while self.idle and (cell := self.store.claim(keys, self.name)) is not None:
                    board.begin(called(cell.config))
                    self.take(cell)
                counts = self.store.counts(keys)
                board.show(counts)
                if not self.busy and not counts.open:
                    return
                self.collect()
        finally:
            self.give_back()

    @property
    def idle(self) -> bool:
        """Whether there is an actor for another cell."""
        return not self.waiting and len(self.busy) < self.team.workers

    def take(self, cell: Cell) -> None:
        """The shards of a cell are to be run."""
        if self.store.place(cell.key).exists():  # left by a process that was killed between the two
            self.store.finish(cell.key)
            return
        self.returned[cell.key] = {}
        of = min(self.team.shards, cell.config.samples or 1)
        self.waiting += [Job(cell, Shard(index, of)) for index in range(of)]
        self._give()

    def _give(self) -> None:
        """Shards for actors that are free, or new."""
        while self.waiting and len(self.busy) < self.team.workers:
            job = self.waiting.popleft()
            actor = self.free.pop() if self.free else self._hired()
            self.busy[actor.run.remote(job.cell.config.as_table(), job.shard)] = (actor, job)

    def _hired(self) -> Any:
        resources = self.team.resources
        return ray.remote(Runner).options(num_cpus=resources.cpus, num_gpus=resources.gpus).remote()

    def collect(self) -> None:
        """Whatever has come back meanwhile."""
        if not self.busy:  # what is left is in the hands of other processes
            time.sleep(PAUSE)
            return
        ready, _ = ray.wait(list(self.busy), timeout=PAUSE)
        for reference in ready:
            actor, job = self.busy.pop(reference)
            try:
                returned = ray.get(reference)
            except (RayError, OSError) as error:  # the actor's, the node's, or a full disk there
                self._lose(job, error)
            else:
                self.free.append(actor)
                self._keep(job, returned)
        self._give()

    def _lose(self, job: Job, error: Exception) -> None:
        key = job.cell.key
        self.lost[key] += 1
        if self.lost[key] >= LOSSES:
            self._fail(key, lost_too_often(reason(error)))
        elif key in self.returned:
            self.waiting.appendleft(job)

    def _keep(self, job: Job, returned: Returned) -> None:
        key = job.cell.key
        if key not in self.returned:  # another shard has failed
            return
        if returned.portion is None:
            self._fail(key, returned.error)
            return
        self.returned[key][job.shard.index] = returned
        if len(self.returned[key]) == job.shard.of:
            shards = self.returned.pop(key)
            self._merge(job.cell, [shards[index] for index in range(job.shard.of)])

    def _merge(self, cell: Cell, shards: Sequence[Returned]) -> None:
        try:
            with claim([self.store.place(cell.key)]) as place, own_failure():
                for shard in shards:
                    with tarfile.open(fileobj=io.BytesIO(shard.images)) as images:
                        images.extractall(place.directory, filter="data")
                portions = [shard.portion for shard in shards if shard.portion is not None]
                merge_shards(place.directory, cell.config, portions, self.team.loader)
        except CellError as error:
            self.store.fail(cell.key, str(error))
        else:
            self.store.finish(cell.key)

    def _fail(self, key: str, error: str) -> None:
        """The cell has failed; what is still to be done of it is not."""
        self.returned.pop(key, None)
        self.waiting = deque(job for job in self.waiting if job.cell.key != key)
        self.store.fail(key, error)

    def give_back(self) -> None:
        """Cells that nobody will finish."""
        for key in self.returned:
            self.store.give_back(key)
