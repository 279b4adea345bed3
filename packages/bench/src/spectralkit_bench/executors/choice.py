"""The executor that a command line asks for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

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
    workers = arguments.workers
    here = local(workers, loader)
    if arguments.shards < 1:
        raise ConfigurationError(f"--shards must be at least 1, got {arguments.shards}")
    if arguments.executor == "local":
        return here
    try:
        from spectralkit_bench.executors.cluster import Cluster
        from spectralkit_bench.executors.crew import Resources, Team
    except ImportError as error:
        raise ConfigurationError(f"executor ray needs Ray ({error}): pip install 'spectralkit-bench[ray]'") from error
    resources = Resources(cpus=arguments.cpus, gpus=arguments.gpus)
    team = Team(workers=workers or 1, shards=arguments.shards, resources=resources, loader=loader)
    return Cluster(address=arguments.address, team=team)
