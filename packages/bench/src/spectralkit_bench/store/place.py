"""Where a store is, or can begin."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from spectralkit.errors import ConfigurationError, told

WORKERS = "workers"
"""The folder that every store has, from its first moment."""


def check_place(directory: Path) -> None:
    """Refuse a place where no store is and none can begin, before there is anything to put there.

    Raises:
        ConfigurationError: If it is no folder, holds something else, or cannot be written.
    """
    try:
        if directory.exists() and not (directory / WORKERS).exists() and any(directory.iterdir()):
            raise ConfigurationError(f"{directory} is no store, and not empty: choose another --store")
        nearest = next(place for place in (directory, *directory.absolute().parents) if place.exists())
        if not nearest.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(nearest))
    except OSError as error:
        raise ConfigurationError(f"cannot use store {directory}: {told(error)}") from error
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigurationError(f"cannot use store {directory}: {nearest} cannot be written: check who may do so")
