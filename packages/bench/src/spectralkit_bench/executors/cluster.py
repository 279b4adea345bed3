"""The executor ``ray``: cells as work of actors on a Ray cluster, or on one that is started for the grid.

This process claims the cells, merges their shards and keeps the store; the actors need neither the store nor a shared
file system, for images travel back as one archive, with what the metrics have seen of them. An actor keeps its model
and data for what follows. One that is lost costs the shard in hand, which is given to another; a cell that has cost
several is recorded as failed.
"""

from __future__ import annotations

import io
import os
import signal
import tarfile
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import ray
from ray.exceptions import RayActorError

from spectralkit.errors import ConfigurationError
from spectralkit.running.claim import claim
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Keeping, Loader
from spectralkit.running.portion import Portion, Shard
from spectralkit.running.run import merge_shards, run_shard
from spectralkit.stops import STOPS
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.executors.board import Board, called
from spectralkit_bench.executors.losses import LOSSES, lost_too_often
from spectralkit_bench.executors.work import PAUSE, why
from spectralkit_bench.store.store import Store

MEMORY = 256 * 2**20
"""Bytes of the object store of a cluster that is started here: archives pass through it one by one."""


@attrs.frozen(kw_only=True)
class Resources:
    """What every cell is given.

    Args:
        cpus: Processors.
        gpus: Accelerators; a part of one may be shared.
    """

    cpus: float = 1.0
    gpus: float = 0.0


@attrs.frozen
class Job:
    """A shard of a cell."""

    cell: Cell
    shard: Shard


@attrs.frozen
class Returned:
    """What an actor sends back.

    Args:
        images: The folder ``samples``, a tar file.
        portion: All else of the shard; None if it failed.
        error: Why it failed.
    """

    images: bytes = b""
    portion: Portion | None = None
    error: str = ""


class Runner:
    """What an actor is: a loader, and shards run with it."""

    def __init__(self) -> None:
        self._loader = Keeping()

    def run(self, options: dict[str, Any], shard: Shard) -> Returned:
        """Run a shard in a folder of its own, and return what has become of it."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                portion = run_shard(Path(folder), RunConfig(**options), shard, self._loader)
            except Exception as error:
                return Returned(error=why(error))
            images = io.BytesIO()
            with tarfile.open(fileobj=images, mode="w") as archive:
                archive.add(Path(folder) / "samples", arcname="samples")
            return Returned(images.getvalue(), portion)


@attrs.frozen(kw_only=True)
class Cluster:
    """Actors on a Ray cluster.

    Args:
        address: Of a cluster that runs; None starts one on this machine.
        workers: How many actors at most.
        shards: Parts that the samples of every cell are cut into.
        resources: Of each actor.
        loader: What this process has loaded, for merging shards.
    """

    address: str | None = None
    workers: int
    shards: int = 1
    loader: Loader
    resources: Resources = Resources()

    def run(self, store: Store, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``.

        Raises:
            ConfigurationError: If there is no such cluster, or it has not the resources.
        """
        with self._connected(), store.working() as name:
            crew = _Crew(self, store, board)
            try:
                while True:
                    while crew.idle and (cell := store.claim(keys, name)) is not None:
                        crew.take(cell)
                    board.show(store.counts(keys))
                    if not crew.busy and not store.counts(keys).open:
                        return
                    crew.collect()
            finally:
                crew.give_back()

    @contextmanager
    def _connected(self) -> Iterator[None]:
        local = {"num_cpus": max(1, round(self.workers * self.resources.cpus)), "object_store_memory": MEMORY}
        given = {"address": self.address} if self.address else {**local, "include_dashboard": False}
        if not self.address:
            os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # a cluster for this process alone needs no token file
        handlers = {stop: signal.getsignal(stop) for stop in STOPS}
        try:
            ray.init(log_to_driver=False, configure_logging=False, **given)
            for stop, handler in handlers.items():
                signal.signal(stop, handler)  # Ray's own would end the process without a word
        except Exception as error:
            where = self.address or "on this machine"
            raise ConfigurationError(f"there is no Ray cluster {where}: {error}: check --address") from error
        try:
            found = ray.cluster_resources()
            for kind, wanted in (("CPU", self.resources.cpus), ("GPU", self.resources.gpus)):
                if wanted > found.get(kind, 0):
                    raise ConfigurationError(
                        f"a cell is to have {wanted:g} {kind}, the cluster has {found.get(kind, 0):g}: ask for less"
                    )
            yield
        finally:
            ray.shutdown()


@attrs.define
class _Crew:
    """The actors of a grid, and what each has in hand.

    Args:
        cluster: How many there may be, and what each is given.
        store: Whose cells they run.
        board: Who follows.
    """

    cluster: Cluster
    store: Store
    board: Board
    free: list[Any] = attrs.field(factory=list, init=False)
    waiting: deque[Job] = attrs.field(factory=deque, init=False)
    busy: dict[Any, tuple[Any, Job]] = attrs.field(factory=dict, init=False)
    returned: dict[str, dict[int, Returned]] = attrs.field(factory=dict, init=False)
    lost: Counter[str] = attrs.field(factory=Counter, init=False)

    @property
    def idle(self) -> bool:
        """Whether there is an actor for another cell."""
        return not self.waiting and len(self.busy) < self.cluster.workers

    def take(self, cell: Cell) -> None:
        """The shards of a cell are to be run."""
        if self.store.place(cell.key).exists():  # left by a process that was killed between the two
            self.store.finish(cell.key)
            return
        self.board.begin(called(cell.config))
        self.returned[cell.key] = {}
        of = min(self.cluster.shards, cell.config.samples or 1)
        self.waiting += [Job(cell, Shard(index, of)) for index in range(of)]
        self._give()

    def _give(self) -> None:
        """Shards for actors that are free, or new."""
        while self.waiting and len(self.busy) < self.cluster.workers:
            job = self.waiting.popleft()
            actor = self.free.pop() if self.free else self._hired()
            self.busy[actor.run.remote(job.cell.config.as_table(), job.shard)] = (actor, job)

    def _hired(self) -> Any:
        resources = self.cluster.resources
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
            except RayActorError:
                self._lose(job)
            else:
                self.free.append(actor)
                self._keep(job, returned)
        self._give()

    def _lose(self, job: Job) -> None:
        key = job.cell.key
        self.lost[key] += 1
        if self.lost[key] >= LOSSES:
            self._fail(key, lost_too_often("Ray has lost it"))
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
        with claim([self.store.place(cell.key)]) as place:
            for shard in shards:
                with tarfile.open(fileobj=io.BytesIO(shard.images)) as images:
                    images.extractall(place.directory, filter="data")
            portions = [shard.portion for shard in shards if shard.portion is not None]
            merge_shards(place.directory, cell.config, portions, self.cluster.loader)
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
