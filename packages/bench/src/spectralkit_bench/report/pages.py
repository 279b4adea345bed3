"""The reports of a grid: a page for each data set, for only what was made of the same can be compared."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from spectralkit.cli.options import file_name
from spectralkit.running.loader import Loader
from spectralkit_bench.apart import apart
from spectralkit_bench.figures.naming import setting_of
from spectralkit_bench.finished import Finished
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.report.columns import data
from spectralkit_bench.report.finding import lacking_of
from spectralkit_bench.report.writing import write_report
from spectralkit_bench.store.store import Store


def write_done(store: Store, grid: str, loader: Loader) -> list[Path]:
    """Write into a store the reports of what is done of a grid, in its order.

    Raises:
        SpectralkitError: If a page cannot be written, or a run is damaged.
    """
    plan = Plan.of(store.plan(grid))
    done = store.documents(plan.keys)
    runs = [Finished.read(store.place(key), loader) for key in plan.keys if key in done]
    return write_pages(store.directory, runs, tuple(lacking_of(store, plan)))


def write_pages(directory: Path, runs: Iterable[Finished], lacking: Sequence[str] = ()) -> list[Path]:
    """Write :func:`pages`, in the place of older ones.

    Args:
        directory: Where they lie.
        runs: In the order in which they are shown.
        lacking: What there is no run of, and why.

    Raises:
        SpectralkitError: If a page cannot be written, or a run is damaged.
    """
    written = []
    for name, part in pages(runs).items():
        partial, out = directory / f".{os.getpid()}.{name}", directory / name
        try:
            write_report(part, partial, lacking=lacking)
            os.replace(partial, out)
        finally:
            partial.unlink(missing_ok=True)
        written.append(out)
    return written


def pages(runs: Iterable[Finished]) -> dict[str, list[Finished]]:
    """The runs of each page by its file's name: ``report.html``, or ``report-DATA.html`` for each of several data."""
    parts: dict[str, list[Finished]] = {}
    for run in runs:
        parts.setdefault(repr(data(run)), []).append(run)
    names = apart(file_name(("report", _of(part) if len(parts) > 1 else "")) for part in parts.values())
    return {f"{name}.html": part for name, part in zip(names, parts.values(), strict=True)}


def _of(part: Sequence[Finished]) -> str:
    return setting_of(part[0].config)
