"""The same sources translated by every run, side by side (Figs. 2, 18-20)."""

from __future__ import annotations

from spectralkit.errors import DataError
from spectralkit.running.picture import shorten
from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import LETTERS, PAGE, picture, tiles, wrapped

WIDEST, LINES = 1.35, 3
"""Inches of a picture, and lines above it, at most."""


def draw(material: Material) -> Drawing:
    """A row a sample; a column a run, between the source and the real image."""
    subjects, ids = material.firsts, material.common()
    if not ids:
        raise DataError("the runs have no sample in common: give them the same data set")
    found = {sample.id: sample for sample in subjects[0].run.samples(ids)}
    known = all(found[identifier].reference is not None for identifier in ids)
    columns = ["source", *(subject.label for subject in subjects), *(["real"] if known else [])]
    shape = subjects[0].run.dataset.shape
    page = min(PAGE, WIDEST * len(columns))
    width = int(page / len(columns) * LETTERS)
    heads = [wrapped(shorten(column, LINES * width), width) for column in columns]
    figure, grid = tiles(len(ids), len(columns), page, shape[1] / shape[2], titles=max(map(len, heads)))
    for identifier, row in zip(ids, grid, strict=True):
        images = [found[identifier].source, *(subject.generated(identifier) for subject in subjects)]
        reference = found[identifier].reference
        if known and reference is not None:
            images.append(reference)
        for axis, image in zip(row, images, strict=True):
            picture(axis, image)
    for axis, head in zip(grid[0], heads, strict=True):
        axis.set_title("\n".join(head), fontsize=7, pad=3)
    return Drawing(figure, f"Columns: {'; '.join(columns)}. Rows: samples {', '.join(ids)}, pixels as they are.")
