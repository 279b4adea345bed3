"""The runs that a report is asked of, each of them sound, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spectralkit.errors import DataError
from spectralkit.running.config import read_toml
from spectralkit_bench.comparison.compare import ASKED
from spectralkit_bench.finding import finished
from spectralkit_bench.finished import Finished
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.grid.table import results_of
from spectralkit_bench.store.place import WORKERS
from spectralkit_bench.store.store import Store
from spectralkit_bench.tables import notes


def find(places: Sequence[Path]) -> list[Finished]:
    """The finished runs of run directories, comparisons and stores.

    Raises:
        DataError: If there is none, one is damaged, or a store is not finished.
    """
    for place in places:
        _check_finished(place)
    return list(finished(places))


def lacking(place: Path) -> Iterator[str]:
    """What a comparison or a store was to hold and does not, each with the reason."""
    if (place / WORKERS).is_dir():
        store = Store.open(place)
        for grid in store.grids:
            yield from lacking_of(store, Plan.of(store.plan(grid)))
    elif (place / ASKED).is_file():
        refused = read_toml(place / ASKED, "comparison").get("refused", {})
        yield from (f"{method} is refused: {reason}." for method, reason in refused.items())


def lacking_of(store: Store, plan: Plan) -> Iterator[str]:
    """What a grid was to hold and does not."""
    for result in results_of(plan, {}, store.errors):
        yield from (f"{line}." for line in notes.lacking(result))


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
