"""A directory of results, written under a temporary name and renamed when complete: nothing is ever half-written."""

from __future__ import annotations

import csv
import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from spectralkit.errors import ConfigurationError, DataError

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@contextmanager
def fresh_directory(out: Path) -> Iterator[Path]:
    """A temporary directory beside ``out`` that becomes ``out`` on success and vanishes on failure.

    Raises:
        ConfigurationError: If ``out`` exists or cannot be created.
    """
    if out.exists() or out.is_symlink():
        raise ConfigurationError(f"output directory {out} already exists: choose another --out or remove it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".partial", dir=out.parent))
    except OSError as error:
        raise ConfigurationError(f"cannot write to output directory {out}: {error.strerror}") from error
    try:
        yield partial
        partial.chmod(0o777 & ~_umask())
        os.rename(partial, out)
    except OSError as error:
        raise ConfigurationError(f"cannot write to output directory {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unused(path: Path) -> Path:
    """``path``, or ``path-2``, ``path-3``, ...: the first that does not exist."""
    numbered = (path.with_name(f"{path.name}-{i}") for i in itertools.count(2))
    return next(p for p in itertools.chain([path], numbered) if not p.exists())


def safe_name(identifier: str) -> str:
    """``identifier`` where it can be a file name.

    Raises:
        DataError: If it could leave the directory or trouble a file system.
    """
    if not _SAFE.fullmatch(identifier) or len(identifier) > 200:
        raise DataError(f"sample id {identifier!r} cannot be a file name: use letters, digits, '.', '_' and '-'")
    return identifier


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write JSON, readable and with a final newline."""
    path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one row per mapping, columns in the order of the first."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def versions() -> dict[str, str]:
    """Versions of everything that shapes a number: this toolkit's packages, torch, numpy, scipy and Python."""
    installed = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    shaping = ("torch", "numpy", "scipy", "diffusers", "torchmetrics", "PyWavelets")
    names = sorted(name for name in installed if name in shaping or name.lower().startswith("spectralkit"))
    return {name: installed[name] for name in names}
