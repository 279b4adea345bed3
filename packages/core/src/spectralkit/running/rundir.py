"""A directory of results, whole or absent (see :mod:`spectralkit.running.claim`), and what lies in it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from spectralkit.errors import DataError
from spectralkit.plugins.registered import Registered
from spectralkit.running.claim import claim

NUMERIC = ("torch", "numpy", "scipy", "diffusers", "torchmetrics", "PyWavelets")
"""Distributions of others that shape numbers."""

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@contextmanager
def fresh_directory(out: Path) -> Iterator[Path]:
    """A directory that becomes ``out`` on success and vanishes on failure; ``out`` is this process's meanwhile.

    Raises:
        ConfigurationError: If ``out`` exists, is being written, or cannot be.
    """
    with claim([out]) as place:
        yield place.directory


def safe_name(identifier: str) -> str:
    """``identifier`` where it can be a file name.

    Raises:
        DataError: If it could leave the directory or trouble a file system.
    """
    if not _SAFE.fullmatch(identifier) or len(identifier) > 200:
        raise DataError(f"sample id {identifier!r} cannot be a file name: use letters, digits, '.', '_' and '-'")
    return identifier


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one row per mapping, columns in the order of their first appearance; what a row lacks stays empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def versions(parts: Iterable[Registered] = ()) -> dict[str, str]:
    """Versions of all that shapes a number: this toolkit's packages, torch, numpy, ..., and who provides ``parts``."""
    return dict(sorted((_installed() | {part.distribution: part.version for part in parts}).items()))


@cache  # as plugins are found once a process: many runs ask, and every distribution's metadata is read
def _installed() -> dict[str, str]:
    """Of this toolkit's packages and of :data:`NUMERIC`."""
    found = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    return {name: found[name] for name in found if name in NUMERIC or name.lower().startswith("spectralkit")}
