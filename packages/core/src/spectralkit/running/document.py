"""Results as files hold them: JSON and TOML documents of mappings, sequences, numbers, text and paths."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from spectralkit.plugins.fields import LONGEST_TEXT
from spectralkit.plugins.text import brief


def as_json(document: object) -> str:
    """``document`` as strict JSON: NaN and infinities become null, paths text, other strangers their ``repr``."""
    return json.dumps(_for_json(document), indent=2, allow_nan=False) + "\n"


def _for_json(value: object) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _for_json(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_for_json(item) for item in value]
    return str(value) if isinstance(value, PurePath) else brief(value, LONGEST_TEXT)


def as_toml(document: Mapping[str, Any]) -> bytes:
    """``document`` as TOML in UTF-8: what is None is left out, paths become text, other strangers their ``repr``."""
    import tomli_w

    return tomli_w.dumps(_for_toml(document)).encode()


def _for_toml(value: object) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", errors="backslashreplace").decode()  # a file's name may be no UTF-8
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_for_toml(str(key)): _for_toml(item) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence):
        return [_for_toml(item) for item in value]
    return _for_toml(str(value) if isinstance(value, PurePath) else brief(value, LONGEST_TEXT))
