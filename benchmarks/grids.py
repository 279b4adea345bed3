"""A grid over the sum of its runs, and the opening of a store of ten thousand cells."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, compare, seconds
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Keeping
from spectralkit.running.run import run
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.cells.identity import identify
from spectralkit_bench.executors.board import Blank
from spectralkit_bench.executors.work import work
from spectralkit_bench.store.store import Store

BASE = RunConfig(model="ddim", dataset="ihc", method="taba", steps=5, samples=4, metrics=("s-dc", "psnr"))
CELLS = 10_000


def rows() -> Iterator[Row]:
    """The overhead, and the opening in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        yield _overhead(Path(folder))
        yield _opening(Path(folder))


def _overhead(folder: Path) -> Row:
    configs = [RunConfig(**{**BASE.as_table(), "seed": seed}) for seed in range(3)]
    count = 0

    def fresh() -> Path:
        nonlocal count
        count += 1
        return folder / str(count)

    def grid() -> None:
        loader, store = Keeping(), Store.make(fresh())
        cells = [identify(config, loader) for config in configs]
        store.add(cells, grid="toy", plan={})
        work(store, [cell.key for cell in cells], loader, Blank())

    def runs() -> None:
        for config in configs:
            run(config, fresh(), save_latents=True)

    return compare("a grid of three cells / its runs, one by one", grid, runs, "<= 1.05", rounds=3)


def _opening(folder: Path) -> Row:
    store = Store.make(folder / "large")
    store.add((_made(number) for number in range(CELLS)), grid="toy", plan={})
    taken = [seconds(lambda: Store.open(store.directory).records()) for _ in range(5)]
    spread = (max(taken) - min(taken)) / 2
    return Row(f"opening a store of {CELLS} cells and listing them, s", min(taken), spread, "<= 1", (0.0, 0.0))


def _made(number: int) -> Cell:
    config = RunConfig(**{**BASE.as_table(), "seed": number})
    return Cell(key=f"{number:064x}", config=config, versions={"spectralkit": "0.1.0"}, weights=f"{number:064x}")
