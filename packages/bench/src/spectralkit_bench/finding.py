"""The finished runs that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spectralkit.errors import DataError
from spectralkit.running.config import read_toml
from spectralkit.running.loader import Keeping, Loader
from spectralkit_bench.comparison.compare import ASKED, RUNS
from spectralkit_bench.figures.naming import place
from spectralkit_bench.finished import DOCUMENT, Finished
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.store.place import WORKERS
from spectralkit_bench.store.store import Store


def finished(named: Sequence[Path]) -> tuple[Finished, ...]:
    """The finished runs that the command line names, each once; those of the same data share it.

    Args:
        named: Run directories, and folders of runs: a comparison's, or a store.

    Raises:
        DataError: If one is neither, a folder has no finished run yet, or a run is damaged.
    """
    found: dict[Path, Finished] = {}
    loader = Keeping()
    for directory in named:
        runs = _within(directory, loader) if (directory / RUNS).is_dir() else [Finished.read(directory, loader)]
        for each in runs:
            found.setdefault(each.directory.resolve(), each)
    return tuple(found.values())


def _within(folder: Path, loader: Loader) -> list[Finished]:
    """The runs of a comparison or of a store, in the order of its tables; those on their way are in hidden folders."""
    paths = (path.parent for path in (folder / RUNS).glob(f"*/{DOCUMENT}"))
    runs = [Finished.read(path, loader) for path in paths if not path.name.startswith(".")]
    if not runs:
        raise DataError(f"no run in {folder} is finished yet: wait for one, or go on with what makes them")
    ranks = {name: rank for rank, name in enumerate(_in_order(folder))}
    return sorted(runs, key=lambda run: (ranks.get(run.directory.name, len(ranks)), place(run.config)))


def _in_order(folder: Path) -> list[str]:
    """The names of its runs as it was asked for them; runs that nobody put in an order are not among them."""
    if (folder / ASKED).is_file():
        return [str(name) for name in read_toml(folder / ASKED, "comparison").get("runs", ())]
    if not (folder / WORKERS).is_dir():
        return []
    store = Store.open(folder)
    plans = [Plan.of(store.plan(name)) for name in store.grids]
    return list(dict.fromkeys(store.place(key).name for plan in plans for key in plan.keys))
