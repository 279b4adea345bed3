"""The executor that a command line asks for."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from spectralkit.cli.options import given
from spectralkit.errors import ConfigurationError
from spectralkit.running.loader import Loader
from spectralkit_bench.executors.board import Board
from spectralkit_bench.executors.local import InProcess, Processes
from spectralkit_bench.store.store import Store


class Crew(Protocol):
    """Whoever works on a store; what they have loaded for some cells stays loaded for those that follow."""

    def run(self, keys: Sequence[str], board: Board) -> None:
        """Run every cell of ``keys``."""
        ...


class Executor(Protocol):
    """Knows who runs the cells of a store."""

    def crew(self, store: Store) -> AbstractContextManager[Crew]:
        """They, who work on ``store`` until the block ends, in one round or in many."""
        ...


def local(workers: int | None, loader: Loader) -> Executor:
    """What ``--workers`` names on this machine: so many processes, or this one.

    Raises:
        ConfigurationError: If there are to be none.
    """
    if workers is not None and workers < 1:
        raise ConfigurationError(f"--workers must be at least 1, got {workers}")
    return InProcess(loader) if workers is None else Processes(workers)


def executor(arguments: Namespace, loader: Loader) -> Executor:
    """What ``--executor`` and the options beside it name.

    Args:
        arguments: Of ``bench run``.
        loader: What this process has loaded.

    Raises:
        ConfigurationError: If an option is impossible, or Ray is not installed.
    """
    here = local(arguments.workers, loader)
    options = given(arguments, ("address", "cpus", "gpus", "shards"))
    if arguments.executor == "local":
        for name in options:
            raise ConfigurationError(f"--{name} belongs to a cluster: choose --executor ray, or leave it out")
        return here
    shards = options.pop("shards", 1)
    if shards < 1:
        raise ConfigurationError(f"--shards must be at least 1, got {shards}")
    address = options.pop("address", None)
    for name, number in options.items():
        if not 0 <= number < math.inf:
            raise ConfigurationError(f"--{name} must be a number of at least 0, got {number:g}")
    try:
        from spectralkit_bench.executors.cluster import Cluster
        from spectralkit_bench.executors.crew import Resources, Team
    except ImportError as error:
        raise ConfigurationError(f"executor ray needs Ray ({error}): pip install 'spectralkit-bench[ray]'") from error
    team = Team(workers=arguments.workers or 1, shards=shards, resources=Resources(**options), loader=loader)
    return Cluster(address=address, team=team)
