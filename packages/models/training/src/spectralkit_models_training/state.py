"""The state of a training on disk: whole or absent, read without pickle."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import torch

from spectralkit.errors import ConfigurationError, DataError, told
from spectralkit.whole import write_whole

PARTS = {"step", "module", "average", "optimiser", "scaler"}
"""What a state holds at least."""


def write_state(state: dict[str, Any], path: Path) -> None:
    """Write tensors, numbers and texts under a temporary name, then rename.

    Raises:
        ConfigurationError: If they cannot be written; what was there before is still there.
    """
    buffer = BytesIO()  # torch tells a full disk in an error of its own
    torch.save(state, buffer)
    replace(path, buffer.getbuffer())


def replace(path: Path, data: bytes | memoryview) -> None:
    """Replace a file at once: whoever reads it finds the old or the new one.

    Raises:
        ConfigurationError: If it cannot be written; the old one is still there.
    """
    try:
        write_whole(path, data, lasting=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {told(error)}") from error


def read_state(path: Path) -> dict[str, Any]:
    """What :func:`write_state` wrote, whole.

    Raises:
        DataError: If it is missing or damaged; a single bit that has turned over is seen.
    """
    try:
        with ZipFile(path) as archive:
            if (broken := archive.testzip()) is not None:  # torch does not compare the checksums that it writes
                raise BadZipFile(broken)
        state = torch.load(path, weights_only=True, map_location="cpu")  # restoring moves it; here may be no GPU
    except OSError as error:
        raise DataError(f"cannot read {path}: {told(error)}") from error
    except (BadZipFile, RuntimeError, ValueError, EOFError, KeyError, NotImplementedError) as error:
        raise DataError(f"{path} is damaged: choose another --out to begin anew") from error
    except Exception as error:  # an unpickler that may only make tensors has a class of its own for all it refuses
        raise _stranger(path) from error
    if isinstance(state, dict) and state.keys() >= PARTS and type(state["step"]) is int and state["step"] >= 0:
        return state
    raise _stranger(path)


def _stranger(path: Path) -> DataError:
    return DataError(f"{path} is no state of a training: choose another --out to begin anew")
