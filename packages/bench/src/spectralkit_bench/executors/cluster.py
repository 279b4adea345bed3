"""The executor ``ray``: cells as work of actors on a Ray cluster, or on one that is started for the grid.

This process claims the cells and keeps the store; the actors need neither it nor a shared file system, for a finished
run directory travels back as one archive. An actor keeps its model and data for the cells that follow. One that is lost
costs the cell in hand, which is given to another; a cell that has cost several is recorded as failed.
"""

from __future__ import annotations

import io
import os
import signal
import tarfile
import tempfile
import time
from collections import Counter
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
from spectralkit.running.loader import Keeping
from spectralkit.stops import STOPS
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.executors.board import Blank, Board, called
from spectralkit_bench.executors.losses import LOSSES, lost_too_often
from spectralkit_bench.executors.work import PAUSE, CellError, run_cell
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
class Archive:
    """What an actor sends back.

    Args:
        content: The run directory, a tar file; empty if the run failed.
        error: Why it failed.
    """

    content: bytes = b""
    error: str | None = None


class Runner:
    """What an actor is: a loader, and cells run with it."""

    def __init__(self) -> None:
        self._loader = Keeping()

    def run(self, key: str, options: dict[str, Any]) -> Archive:
        """Run a cell in a folder of its own, and return what it has written."""
        cell = Cell(key=key, config=RunConfig(**options), versions={}, weights="")
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "run"
            try:
                run_cell(place, cell, self._loader, Blank())
            except CellError as error:
                return Archive(error=str(error))
            content = io.BytesIO()
            with tarfile.open(fileobj=content, mode="w") as archive:
                archive.add(place, arcname=".")
            return Archive(content.getvalue())


@attrs.frozen(kw_only=True)
class Cluster:
    """Actors on a Ray cluster.

    Args:
        address: Of a cluster that runs; None starts one on this machine.
        workers: How many actors at most.
        resources: Of each.
    """

    address: str | None = None
    workers: int
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
                    while crew.wants and (cell := store.claim(keys, name)) is not None:
                        crew.give(cell)
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
    busy: dict[Any, tuple[Any, Cell]] = attrs.field(factory=dict, init=False)
    lost: Counter[str] = attrs.field(factory=Counter, init=False)

    @property
    def wants(self) -> bool:
        """Whether there is an actor for another cell."""
        return len(self.busy) < self.cluster.workers

    def give(self, cell: Cell) -> None:
        """A cell for a free actor, or a new one."""
        if self.store.place(cell.key).exists():  # left by a process that was killed between the two
            self.store.finish(cell.key)
            return
        self.board.begin(called(cell.config))
        actor = self.free.pop() if self.free else self._hired()
        self.busy[actor.run.remote(cell.key, cell.config.as_table())] = (actor, cell)

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
            actor, cell = self.busy[reference]
            try:
                archive = ray.get(reference)
            except RayActorError:
                self._lose(cell)
            else:
                self._keep(cell, archive)
                self.free.append(actor)
            del self.busy[reference]

    def _lose(self, cell: Cell) -> None:
        self.lost[cell.key] += 1
        if self.lost[cell.key] >= LOSSES:
            self.store.fail(cell.key, lost_too_often("Ray has lost it"))
        else:
            self.store.give_back(cell.key)

    def _keep(self, cell: Cell, archive: Archive) -> None:
        if archive.error is not None:
            self.store.fail(cell.key, archive.error)
            return
        with claim([self.store.place(cell.key)]) as place, tarfile.open(fileobj=io.BytesIO(archive.content)) as content:
            content.extractall(place.directory, filter="data")
        self.store.finish(cell.key)

    def give_back(self) -> None:
        """Cells that nobody will finish."""
        for _, cell in self.busy.values():
            self.store.give_back(cell.key)
