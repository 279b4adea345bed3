"""Numbers that are dear to compute and depend only on their key: kept in memory, and as JSON in the user's cache
folder, or a temporary one where there is no user to speak of.

A file that is missing, corrupt or answers another key is computed again and replaced; a folder that cannot be written
costs only the time to compute again. Files appear whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from spectralkit.caches import temporary_caches

Key = Mapping[str, str | int | float | None]
Numbers = dict[str, float]

_memory: dict[str, Numbers] = {}


def recall_or(compute: Callable[[], Numbers], kind: str, key: Key) -> Numbers:
    """The numbers stored under ``key``, or those of ``compute``, stored for the next time.

    Args:
        compute: Yields finite numbers by name.
        kind: A folder name for numbers of one meaning.
        key: Everything the numbers depend on, the algorithm's version included.
    """
    text = json.dumps({"kind": kind, **key}, sort_keys=True)
    if text not in _memory:
        path = cache_file(kind, text)
        stored = _read(path, text)
        _memory[text] = compute() if stored is None else stored
        if stored is None:
            _write(path, text, _memory[text])
    return dict(_memory[text])


def forget() -> None:
    """Empty the memory; files stay."""
    _memory.clear()


def cache_file(kind: str, text: str) -> Path:
    """Where the numbers of a key (as canonical JSON) lie."""
    try:
        folder = user_cache_path("spectralkit")
    except RuntimeError:  # nobody's home
        folder = temporary_caches()
    return folder / kind / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"


def _read(path: Path, text: str) -> Numbers | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        values = {str(name): float(value) for name, value in record["values"].items()}
        known = record["key"] == text
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # absent, unreadable or not ours: computing again is always right
    return values if known and values and all(map(math.isfinite, values.values())) else None


def _write(path: Path, text: str, values: Numbers) -> None:
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            json.dump({"key": text, "values": values}, file)
        os.replace(temporary, path)
    except OSError:
        # A cache that cannot be written (read-only home, full disk) must not stop a measurement.
        if temporary is not None:
            temporary.unlink(missing_ok=True)
