"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes | memoryview, *, lasting: bool = False) -> None:
    """Put ``data`` at ``path`` at once: whoever reads it finds what was there before, or all of it.

    What is renamed takes the place of whatever is there. So a link stays, as in an editor: what it leads to is written,
    whether it is there yet or not. A device, a pipe, a socket or a folder is refused.

    Args:
        path: Where.
        data: What.
        lasting: Whether that holds after a loss of power too, which takes a while.

    Raises:
        OSError: If it cannot be written, or is no regular file; what was there before still is.
    """
    place = _regular(path)
    partial = place.with_name(f".{place.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(place)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _regular(path: Path) -> Path:
    """Where ``path`` leads: a regular file, or nothing yet.

    Raises:
        OSError: If it is anything else.
    """
    place = Path(os.path.realpath(path))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return place
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise FileExistsError(errno.EEXIST, "Not a regular file", str(path))
    return place
