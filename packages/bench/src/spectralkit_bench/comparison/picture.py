"""The picture of a comparison: source, one column a method, reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from spectralkit.running.loader import Loader
from spectralkit.running.picture import read_image, shorten, translations
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
    runs = [(shorten(label, LABEL), Finished.read(directory, loader)) for label, directory in shown]
    first = runs[0][1]
    ids = first.ids[:GRID_ROWS]
    samples = list(first.samples(ids))
    channels = len(samples[0].source)
    columns = [(label, [read_image(run.image(name), channels) for name in ids]) for label, run in runs]
    return translations(title, first.dataset.source, samples, columns)
