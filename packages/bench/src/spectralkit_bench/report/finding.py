"""The runs that an argument of ``report`` stands for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectralkit.errors import DataError
from spectralkit.running.rundir import safe_name
from spectralkit_bench.finished import DOCUMENT, Finished

RUNS = "runs"
"""Where a comparison keeps its runs."""


def find(place: Path) -> list[Finished]:
    """The finished runs of a run directory, or of a directory that holds some under ``runs/``, by name.

    Raises:
        DataError: If there is none, or one is damaged.
    """
    inside = sorted(path.parent for path in (place / RUNS).glob(f"*/{DOCUMENT}"))
    if inside and not (place / DOCUMENT).exists():
        return [_checked(Finished.read(directory)) for directory in inside]
    return [_checked(Finished.read(place))]


def _checked(run: Finished) -> Finished:
    """A run whose numbers are numbers and whose samples are files, for a stranger may have written it."""
    document = run.document
    try:
        whole = _are_numbers(document["scores"]) and _are_numbers(document["diagnostics"])
        whole &= all(_are_values(details) for details in document["details"].values())
        whole &= _are_numbers({name: document[name] for name in ("samples", "seed", "seconds")})
        whole &= _are_numbers(document["cost"]) and all(isinstance(v, str) for v in document["versions"].values())
        for identifier in run.ids:
            safe_name(identifier)
    except (KeyError, TypeError, AttributeError, DataError) as error:
        raise DataError(f"run directory {run.directory} is damaged ({DOCUMENT}: {error!r}): run it again") from error
    if not whole or not run.rows:
        raise DataError(f"run directory {run.directory} is damaged ({DOCUMENT}: values of wrong types): run it again")
    return run


def _are_numbers(values: Mapping[str, Any]) -> bool:
    return all(
        value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values.values()
    )


def _are_values(values: Mapping[str, Any]) -> bool:
    return all(value is None or isinstance(value, int | float | str) for value in values.values())
