"""The runs that a report is asked of, each of them sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spectralkit.errors import DataError
from spectralkit.running.rundir import safe_name
from spectralkit_bench.finding import finished
from spectralkit_bench.finished import DOCUMENT, Finished
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.store.store import WORKERS, Store


def find(places: Sequence[Path]) -> list[Finished]:
    """The finished runs of run directories, comparisons and stores.

    Raises:
        DataError: If there is none, one is damaged, or a store is not finished.
    """
    for place in places:
        _check_finished(place)
    return [checked(run) for run in finished(places)]


def _check_finished(place: Path) -> None:
    """Refuse a store that is still to be worked on: a part of it would pass for the whole."""
    if not (place / WORKERS).is_dir():
        return
    store = Store.open(place)
    states = {record.key: record.state for record in store.records()}
    for grid in store.grids:  # a cell that was removed is unknown to the store, but not to its grid
        states = {**dict.fromkeys(Plan.of(store.plan(grid)).keys, "waiting"), **states}
    missing = sum(state in ("waiting", "running") for state in states.values())
    if missing:
        raise DataError(
            f"store {place} is not finished, {missing} of {len(states)} cells are not done: go on with "
            "`spectralkit bench run`, or name some of the directories in its runs/"
        )


def checked(run: Finished) -> Finished:
    """A run whose numbers are numbers and whose samples are files, for a stranger may have written it.

    Raises:
        DataError: If they are not.
    """
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
