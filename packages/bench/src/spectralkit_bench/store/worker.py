"""Who works on a store: one locked file a process.

A lock ends with its process, however that ends, on a network file system too where it has locks at all; SQLite needs
the same of it. Nothing depends on clocks.
"""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spectralkit.errors import ConfigurationError
from spectralkit.running.locks import lock

SUFFIX = ".lock"


@contextmanager
def working(folder: Path) -> Iterator[str]:
    """The name of a new worker, alive until the block ends.

    Raises:
        ConfigurationError: If the file system has no locks.
    """
    folder.mkdir(exist_ok=True)
    name = f"{worker_prefix(os.getpid())}{secrets.token_hex(3)}"
    path = folder / f"{name}{SUFFIX}"
    staging = folder / f".{name}"  # a file of the final name is never seen unlocked while its process lives
    descriptor = os.open(staging, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if not lock(descriptor):
            staging.unlink()
            raise ConfigurationError(f"the file system of {folder.parent} has no locks: choose another --store")
        os.rename(staging, path)
        yield name
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def worker_prefix(process: int | None) -> str:
    """How the names of workers begin that are a process of this machine."""
    return f"{platform.node() or 'here'}-{process}-"


def is_alive(folder: Path, name: str) -> bool:
    """Whether the worker's process still lives."""
    try:
        descriptor = os.open(folder / f"{name}{SUFFIX}", os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError:  # another user's, or a file system that has a bad moment: nobody who may be alive is taken for dead
        return True
    try:
        return not lock(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the files of workers that are dead."""
    for path in folder.glob(f"*{SUFFIX}"):
        if not is_alive(folder, path.name.removesuffix(SUFFIX)):
            with suppress(OSError):
                path.unlink()
