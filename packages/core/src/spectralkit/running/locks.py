"""Locks that end with the process that holds them, however it ends."""

from __future__ import annotations

import sys


def lock(descriptor: int) -> bool:
    """Whether the lock of an open file was free, and now is this process's."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another process, or unknown to this file system
        return False
    return True
