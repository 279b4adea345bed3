"""Claims: a directory of results belongs to one process from before its work begins until it is whole.

To write ``out``, a process makes ``.out.partial`` beside it: a file ``owner``, locked for as long as the process lives,
and a folder ``results``, which is renamed to ``out`` when it is complete. A claim is made under a name of its own and
renamed with its lock already held, which fails where another stands, so that none is ever seen without its owner.
A claim whose lock is free was left by a process that was killed; whoever writes beside it next removes it.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import platform
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import attrs

from spectralkit.errors import ConfigurationError, told
from spectralkit.plugins.text import one_line
from spectralkit.running.locks import lock
from spectralkit.stops import deferred

SUFFIX = ".partial"
"""How the names of claims end."""

OWNER, RESULTS = "owner", "results"
UNLOCKED = "owner.new"
"""What an owner is called until it is locked: nobody takes it for one that a killed process has left."""

_TRIES = 20
_FORGOTTEN = 3600.0

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@attrs.frozen
class Claim:
    """A directory to be.

    Args:
        out: Where the results will lie.
        directory: Where they are written until they are complete.
    """

    out: Path
    directory: Path


class _TakenError(ConfigurationError):
    """Results are there already, or on their way."""


@contextmanager
def claim(candidates: Iterable[Path]) -> Iterator[Claim]:
    """The first of ``candidates`` that is free; it appears when the block succeeds and leaves no trace when it fails.

    Folders above it that do not exist are made, and vanish with it.

    Raises:
        ConfigurationError: If none is free, one cannot be made, or the disk is full.
    """
    with ExitStack() as undo:
        place = _first(candidates, undo)
        try:
            yield place
        except OSError as error:
            if error.errno in _FULL:
                raise _refusal(place.out, error) from error
            raise
        with _told(place.out), deferred():
            _check_absent(place.out)
            os.rename(place.directory, place.out)


def numbered(path: Path) -> Iterator[Path]:
    """``path``, ``path-2``, ``path-3``, ..."""
    return itertools.chain([path], (path.with_name(f"{path.name}-{i}") for i in itertools.count(2)))


def _first(candidates: Iterable[Path], undo: ExitStack) -> Claim:
    taken: ConfigurationError = ConfigurationError("no output directory to choose from")
    for out in candidates:
        try:
            with _told(out), deferred():
                return _make(out, undo)
        except _TakenError as error:
            taken = error
    raise taken


def _make(out: Path, undo: ExitStack) -> Claim:
    """A claim on ``out``, which ``undo`` gives up."""
    _check_absent(out)
    prefix = f".{_short(out.name)}"
    staging = out.with_name(f"{prefix}.{secrets.token_hex(4)}{SUFFIX}")
    place = out.with_name(f"{prefix}{SUFFIX}")
    _make_private(staging, undo)
    try:
        _sweep(out.parent)
        held = _hold(staging)
        (staging / RESULTS).mkdir()
        os.rename(staging, place)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise _TakenError(
                f"output directory {out} is being written by {_owner(place)}: wait for it or choose another --out"
            ) from error
        raise
    undo.callback(_release, place, staging, held)
    return Claim(out, place / RESULTS)


def _make_private(staging: Path, undo: ExitStack) -> None:
    """Make a folder and those above it; another run that gives up may remove one of them meanwhile."""
    for left in reversed(range(_TRIES)):
        for folder in _missing(staging.parent):
            undo.callback(_remove_empty, folder)
            with suppress(FileExistsError):  # by another run, this moment
                folder.mkdir()
        try:
            staging.mkdir(mode=0o700)
        except FileNotFoundError:
            if not left:
                raise
        else:
            return


def _missing(folder: Path) -> list[Path]:
    """``folder`` and those above it that do not exist, outermost first."""
    missing = [path for path in (*reversed(folder.parents), folder) if not path.exists()]
    for path in missing:
        if path.name == os.pardir:
            raise ConfigurationError(f"output folder {path} leads out of a folder that does not exist: leave out '..'")
        if path.is_symlink():
            raise ConfigurationError(f"output folder {path} is a link to nothing: choose another --out")
    return missing


def _check_absent(out: Path) -> None:
    if out.name == os.pardir:
        raise ConfigurationError(f"output directory {out} has no name of its own: leave out '..'")
    try:
        out.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    raise _TakenError(f"output directory {out} already exists: choose another --out or remove it")


def _short(name: str) -> str:
    """``name``, told apart by a digest where it would be too long beside a prefix and a suffix."""
    raw = os.fsencode(name)
    return name if len(raw) <= 120 else f"{os.fsdecode(raw[:120])}-{hashlib.sha256(raw).hexdigest()[:12]}"


def _hold(staging: Path) -> int | None:
    """Write who owns the claim, and lock it until the process ends; None where locks are not to be had."""
    descriptor = os.open(staging / UNLOCKED, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    os.write(descriptor, f"process {os.getpid()} on {platform.node()} since {started}\n".encode())
    held = lock(descriptor)
    if not held:
        os.close(descriptor)
    os.rename(staging / UNLOCKED, staging / OWNER)
    return descriptor if held else None


def _owner(place: Path) -> str:
    try:
        return one_line((place / OWNER).read_text(encoding="utf-8", errors="replace"))[:200] or "another run"
    except OSError:
        return "another run"


def _release(place: Path, staging: Path, held: int | None) -> None:
    with deferred(), suppress(OSError):
        os.rename(place, staging)  # from now on the name is free, and what is left is nobody's
        if held is not None:
            os.close(held)
        shutil.rmtree(staging, ignore_errors=True)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):  # results, or another run's, are in it
        folder.rmdir()


def _sweep(folder: Path) -> None:
    """Remove the claims of processes that were killed."""
    with suppress(OSError):
        for place in list(folder.glob(f".*{SUFFIX}")):
            with suppress(OSError):
                _sweep_one(place)


def _sweep_one(place: Path) -> None:
    try:
        owner = os.open(place / OWNER, os.O_RDWR)
    except FileNotFoundError:
        if time.time() - place.lstat().st_mtime > _FORGOTTEN:
            (place / UNLOCKED).unlink(missing_ok=True)
            place.rmdir()  # killed before it had an owner; what is not empty is a stranger's
        return
    if lock(owner) and os.path.samestat(os.fstat(owner), (place / OWNER).stat()):
        _release(place, place.with_name(f"{place.name}.{secrets.token_hex(4)}{SUFFIX}"), owner)
    else:
        os.close(owner)


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise _refusal(out, error) from error


def _refusal(out: Path, error: OSError | ValueError) -> ConfigurationError:
    """What the file system refused, and the remedy."""
    if isinstance(error, OSError):
        return ConfigurationError(f"cannot write to output directory {out}: {told(error)}")
    return ConfigurationError(f"cannot write to output directory {out}: {error}: choose another --out")
