"""A directory of results, written under a temporary name and renamed when complete: nothing is ever half-written."""

from __future__ import annotations

import csv
import glob
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.plugins.registered import Registered

SUFFIX = ".partial"
"""How the names of unfinished directories end."""

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@contextmanager
def fresh_directory(out: Path) -> Iterator[Path]:
    """A temporary directory beside ``out`` that becomes ``out`` on success and vanishes on failure.

    Folders above ``out`` that do not exist are made, and vanish with it.

    Raises:
        ConfigurationError: If ``out`` exists or cannot be created.
    """
    with ExitStack() as undo:
        with _told(out):
            _check_absent(out)
            for folder in _missing(out.parent):
                folder.mkdir()
                undo.callback(_remove_empty, folder)
            partial = Path(tempfile.mkdtemp(prefix=_prefix(out), suffix=SUFFIX, dir=out.parent))
            undo.callback(shutil.rmtree, partial, ignore_errors=True)
        yield partial
        with _told(out):
            partial.chmod(0o777 & ~_umask())
            _check_absent(out)
            os.rename(partial, out)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character
        why = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"cannot write to output directory {out}: {why}") from error


def _check_absent(out: Path) -> None:
    try:
        out.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    raise ConfigurationError(f"output directory {out} already exists: choose another --out or remove it")


def _missing(folder: Path) -> list[Path]:
    """``folder`` and those above it that do not exist, outermost first."""
    return [path for path in (*reversed(folder.parents), folder) if not path.exists()]


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # results, or another run's, are in it
        folder.rmdir()


def _prefix(out: Path) -> str:
    """How temporary directories of ``out`` begin, short enough for a file name."""
    return f".{os.fsdecode(os.fsencode(out.name)[:120])}."


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def unused(path: Path) -> Path:
    """``path``, or ``path-2``, ``path-3``, ...: the first that neither exists nor is being written."""
    numbered = (path.with_name(f"{path.name}-{i}") for i in itertools.count(2))
    return next(p for p in itertools.chain([path], numbered) if not os.path.lexists(p) and not _in_work(p))


def _in_work(path: Path) -> bool:
    return any(path.parent.glob(f"{glob.escape(_prefix(path))}*{SUFFIX}"))


def safe_name(identifier: str) -> str:
    """``identifier`` where it can be a file name.

    Raises:
        DataError: If it could leave the directory or trouble a file system.
    """
    if not _SAFE.fullmatch(identifier) or len(identifier) > 200:
        raise DataError(f"sample id {identifier!r} cannot be a file name: use letters, digits, '.', '_' and '-'")
    return identifier


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one row per mapping, columns in the order of the first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def versions(parts: Iterable[Registered] = ()) -> dict[str, str]:
    """Versions of all that shapes a number: this toolkit's packages, torch, numpy, ..., and who provides ``parts``."""
    installed = {dist.metadata["Name"]: dist.version for dist in metadata.distributions() if dist.metadata["Name"]}
    shaping = ("torch", "numpy", "scipy", "diffusers", "torchmetrics", "PyWavelets")
    names = (name for name in installed if name in shaping or name.lower().startswith("spectralkit"))
    found = {name: installed[name] for name in names} | {part.distribution: part.version for part in parts}
    return dict(sorted(found.items()))
