"""The picture of a comparison: source, one column a method, reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from spectralkit.running.loader import Loader
from spectralkit.running.picture import grid, read_image, shorten
from spectralkit.running.portion import GRID_ROWS
from spectralkit_bench.finished import Finished

LABEL = 32
"""Characters of a column's label."""


def picture(title: str, shown: Sequence[tuple[str, Path]], loader: Loader) -> Image.Image:
    """The first samples of runs on the same data.

    Args:
        title: What is compared.
        shown: Label and run directory of each column.
        loader: Gives the data set.
    """
    runs = [(label, Finished.read(directory, loader)) for label, directory in shown]
    first = runs[0][1]
    dataset, ids = first.dataset, first.ids[:GRID_ROWS]
    samples = list(first.samples(ids))
    columns = [f"source: {dataset.source}", *(shorten(label, LABEL) for label, _ in runs)]
    rows = [
        [sample.source, *(read_image(run.image(name), len(sample.source)) for _, run in runs)]
        for name, sample in zip(ids, samples, strict=True)
    ]
    references = [sample.reference for sample in samples if sample.reference is not None]
    if len(references) == len(rows):
        columns.append("reference")
        rows = [[*row, reference] for row, reference in zip(rows, references, strict=True)]
    return grid(title, columns, rows, ids)
