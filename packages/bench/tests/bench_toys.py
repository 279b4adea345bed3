"""A small grid, and cells without a run behind them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from spectralkit.running.config import RunConfig
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.store.store import Store

GRID = """
title = "A toy"
[grid]
models = ["gaussian"]
datasets = ["cells"]
methods = ["standard", "taba", "ovg(clip=0.5, eta_lf=1e-4)+taba"]
seeds = [1, 2]
samples = 2
steps = 3
metrics = ["s-dc", "psnr"]
"""


def cell(number: int) -> Cell:
    return Cell(key=f"{number:064d}", config=RunConfig(seed=number, dataset="cells"), versions={}, weights="")


def done(store: Store, number: int) -> None:
    place = store.place(cell(number).key)
    place.mkdir()
    (place / "metrics.json").write_text(json.dumps({"seconds": 1.0, "scores": {"psnr": float(number)}}))
    store.finish(cell(number).key)


def written(folder: Path, text: str = GRID, name: str = "toy") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def die(*given: object) -> None:
    """In the place of what a worker does: it is killed at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(*given: object) -> None:
    """In the place of what a worker does: it cannot go on."""
    raise SystemExit(2)
