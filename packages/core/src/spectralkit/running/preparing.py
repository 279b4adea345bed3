"""A download validated and indexed before a data set is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spectralkit.data import Prepared
from spectralkit.errors import DataError
from spectralkit.plugins.registered import ContractError, blaming, taking_part
from spectralkit.plugins.text import brief
from spectralkit.plugins.training import prepare


def prepared(name: str, root: Path, parameters: Mapping[str, Any], tell: Callable[[str], None]) -> Prepared:
    """Validate and index what lies in ``root``.

    Raises:
        SpectralkitError: As :func:`spectralkit.plugins.training.prepare`.
    """
    if not root.is_dir():
        raise DataError(f"no folder at {root}: name the one that data set {name!r} was downloaded to")
    with taking_part(), blaming("dataset"):
        found = prepare(name, root, parameters, tell)
        if not isinstance(found, Prepared):
            raise ContractError("prepare", f"returned {brief(found)}, expected a Prepared")
        return found
