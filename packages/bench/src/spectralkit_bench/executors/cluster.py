"""The executor ``ray``: cells as work of actors on a Ray cluster, or on one that is started for the grid.

This process claims the cells, merges their shards and keeps the store; the actors need neither the store nor a shared
file system, for images travel back as one archive, with what the metrics have seen of them. An actor keeps its model
and data for what follows. One that is lost costs the shard in hand, which is given to another; a cell that has cost
several is recorded as failed.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import ray

from spectralkit.errors import ConfigurationError
from spectralkit.stops import STOPS
from spectralkit_bench.executors.crew import Crew, Team
from spectralkit_bench.store.store import Store

MEMORY = 256 * 2**20
"""Bytes of the object store of a cluster that is started here: archives pass through it one by one."""


@attrs.frozen(kw_only=True)
class Cluster:
    """Actors on a Ray cluster.

    Args:
        address: Of a cluster that runs; None starts one on this machine.
        team: Its actors.
    """

    address: str | None = None
    team: Team

    @contextmanager
    def crew(self, store: Store) -> Iterator[Crew]:
        """The actors; they are started when there is work for them, and the connection ends with the block.

        Raises:
            ConfigurationError: If there is no such cluster, or it has not the resources.
        """
        with self._connected(), store.working() as name:
            yield Crew(self.team, store, name)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        local = {"num_cpus": max(1, round(self.team.workers * self.team.resources.cpus)), "object_store_memory": MEMORY}
        given = {"address": self.address} if self.address else {**local, "include_dashboard": False}
        if self.address:
            check_reachable(self.address)
        else:
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
            for kind, wanted in (("CPU", self.team.resources.cpus), ("GPU", self.team.resources.gpus)):
                if wanted > found.get(kind, 0):
                    raise ConfigurationError(
                        f"a cell is to have {wanted:g} {kind}, the cluster has {found.get(kind, 0):g}: ask for less"
                    )
            yield
        finally:
            ray.shutdown()


def check_reachable(address: str) -> None:
    """Refuse an address where nobody answers; Ray itself would try for minutes.

    Raises:
        ConfigurationError: If it is no HOST:PORT, or nobody answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ConfigurationError(f"--address must be HOST:PORT, like 10.0.0.1:6379, got {address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise ConfigurationError(f"there is no Ray cluster at {address}: {error.strerror or error}") from error
