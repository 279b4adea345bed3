"""The JSON files of a checkpoint, read without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spectralkit.errors import DataError, told
from spectralkit.plugins.text import one_line

CONFIG = "config.json"
"""Of a network, by the name that diffusers gives it."""

REMEDY = "get a fresh copy of the checkpoint"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON table.

    Raises:
        DataError: If there is no such file, or it holds something else.
    """
    check_file(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read checkpoint {path}: {told(error)}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"corrupt checkpoint {path}: {one_line(error)[:300]}; {REMEDY}") from error
    if not isinstance(document, dict):
        raise DataError(f"corrupt checkpoint {path}: it holds no table; {REMEDY}")
    return document


def check_file(path: Path) -> None:
    """Refuse what would never end, or never begin, to be read.

    Raises:
        DataError: Naming it.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise DataError(f"cannot read checkpoint {path}: it is no file but a pipe or a device; {REMEDY}")
