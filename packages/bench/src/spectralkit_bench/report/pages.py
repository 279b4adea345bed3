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
from spectralkit_bench.report.columns import data
from spectralkit_bench.report.writing import write_report
from spectralkit_bench.store.store import Store


def write_done(store: Store, keys: Sequence[str], loader: Loader) -> list[Path]:
    """Write into a store the reports of what is done of ``keys``, in their order.

    Raises:
        SpectralkitError: If a page cannot be written, or a run is damaged.
    """
    done = store.documents(keys)
    return write_pages(store.directory, [Finished.read(store.place(key), loader) for key in keys if key in done])


def write_pages(directory: Path, runs: Iterable[Finished]) -> list[Path]:
    """Write ``report.html``, or ``report-DATA.html`` for each of several data sets, in the place of older ones.

    Args:
        directory: Where they lie.
        runs: In the order in which they are shown.

    Raises:
        SpectralkitError: If a page cannot be written, or a run is damaged.
    """
    parts: dict[str, list[Finished]] = {}
    for run in runs:
        parts.setdefault(repr(data(run)), []).append(run)
    written = []
    names = apart(file_name(("report", _of(part) if len(parts) > 1 else "")) for part in parts.values())
    for name, part in zip(names, parts.values(), strict=True):
        partial, out = directory / f".{name}.{os.getpid()}.html", directory / f"{name}.html"
        try:
            write_report(part, partial)
            os.replace(partial, out)
        finally:
            partial.unlink(missing_ok=True)
        written.append(out)
    return written


def _of(part: Sequence[Finished]) -> str:
    return setting_of(part[0].config)
