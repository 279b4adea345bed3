"""Where caches lie for somebody without a home: in containers that run under a number no user has."""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from functools import cache
from pathlib import Path


@cache
def temporary_caches() -> Path:
    """A folder in the temporary directory for caches of whoever runs this; nobody else's, and not yet made."""
    folder = Path(tempfile.gettempdir()) / f"spectralkit-{os.getuid()}"
    try:
        if folder.lstat().st_uid != os.getuid():
            folder = folder.with_name(f"{folder.name}-{secrets.token_hex(8)}")
    except FileNotFoundError:
        pass
    warnings.warn(f"there is no home directory, so caches lie in {folder}: set HOME to keep them", stacklevel=2)
    return folder


def shelter_matplotlib() -> None:
    """Where there is no home, give matplotlib's caches a place beside ours; by itself it tells of it on stderr."""
    try:
        Path.home()
    except RuntimeError:
        os.environ.setdefault("MPLCONFIGDIR", str(temporary_caches() / "matplotlib"))
