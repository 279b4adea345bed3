"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, data: bytes | memoryview, *, lasting: bool = False) -> None:
    """Put ``data`` at ``path`` at once: whoever reads it finds what was there before, or all of it.

    Args:
        path: Where.
        data: What.
        lasting: Whether that holds after a loss of power too, which takes a while.

    Raises:
        OSError: If it cannot be written; what was there before still is.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
