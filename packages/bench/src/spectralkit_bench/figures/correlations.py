"""Which scores go together, over runs and over samples (Fig. 14)."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from spectralkit.errors import DataError
from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.scatter import FEWEST, pearson, symbol
from spectralkit_bench.figures.style import PAGE, panels

Table = dict[str, list[float]]
"""A column a score, of as many numbers."""

READABLE = 8
"""Of at most so many scores the numbers are written into the matrix."""


def draw(material: Material) -> Drawing:
    """A matrix over runs, where there are enough, and one over samples."""
    tables = {"runs": _over_runs(material), "samples": _over_samples(material)}
    tables = {over: table for over, table in tables.items() if len(table) > 1 and _count(table) >= FEWEST}
    if not tables:
        raise DataError(f"no two scores are known of {FEWEST} runs or {FEWEST} samples: name more runs or longer ones")
    side = min(3.2, 0.9 + 0.4 * max(map(len, tables.values())))
    figure, axes = panels(min(PAGE, len(tables) * side + 0.7), side, 1, len(tables))
    for axis, (over, table) in zip(axes, tables.items(), strict=True):
        image = _matrix(axis, table)
        axis.set_title(f"over N = {_count(table)} {over}")
    figure.colorbar(image, ax=axes, label="Pearson's r", shrink=0.8, ticks=[-1, 0, 1])
    return Drawing(
        figure,
        "Pearson's r. S_G and other scores of a whole set exist over runs only; 'energy' is the mean square of a noise "
        "map. Cells are empty where a score does not vary.",
    )


def _over_runs(material: Material) -> Table:
    shared = [name for name in material.subjects[0].run.scores if all(name in s.run.scores for s in material.subjects)]
    return {name: [subject.run.scores[name] for subject in material.subjects] for name in shared}


def _over_samples(material: Material) -> Table:
    """The columns that every run has for all its samples, diagnostics of methods left out."""
    columns = [
        {name: list(run.values(name).values()) for name in (*run.scores, "energy")}
        for run in (subject.run for subject in material.subjects)
    ]
    whole = [
        {name: values for name, values in found.items() if len(values) == len(subject.run.ids)}
        for found, subject in zip(columns, material.subjects, strict=True)
    ]
    shared = [name for name in whole[0] if all(name in found for found in whole)]
    return {name: [value for found in whole for value in found[name]] for name in shared}


def _count(table: Table) -> int:
    return len(next(iter(table.values()), []))


def _matrix(axis: Axes, table: Table) -> AxesImage:
    names = list(table)
    r = np.array([[pearson(table[a], table[b]) for b in names] for a in names])
    image = axis.imshow(r, cmap="RdBu_r", vmin=-1, vmax=1)
    ticks = range(len(names))
    axis.set_xticks(ticks, [symbol(name) for name in names], rotation=45, ha="right", rotation_mode="anchor")
    axis.set_yticks(ticks, [symbol(name) for name in names])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for i, j in np.ndindex(r.shape):
        if len(names) <= READABLE and not math.isnan(r[i, j]):
            shade = "white" if abs(r[i, j]) > 0.6 else "black"
            axis.text(j, i, f"{r[i, j]:.2f}", ha="center", va="center", fontsize=7, color=shade)
    return image
