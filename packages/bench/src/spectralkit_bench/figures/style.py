"""How every figure looks: readable at the width of a column, and without telling red from green."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

from spectralkit.caches import shelter_matplotlib
from spectralkit.running.picture import to_pil

shelter_matplotlib()

from matplotlib.artist import Artist  # noqa: E402  # where there is no home, its caches need one first
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.axis import Axis  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.style import context  # noqa: E402
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter  # noqa: E402

COLUMN, PAGE = 3.3, 6.8
"""Widths in inches: of a column, and of a page of two."""

DPI = 300

LETTERS = 18
"""How many of the smallest size, 7 points, fit into an inch."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Of the palette of Okabe and Ito, without black, which is the reference's, and yellow, which is too pale for lines."""

REFERENCE, SOURCE = "#000000", "#777777"
STROKES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1.5, 1, 1.5)), (0, (7, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")
FILLS: tuple[dict[str, Any], ...] = ({"markeredgecolor": "white"}, {"markerfacecolor": "white", "markeredgewidth": 1.2})

RC: dict[str, Any] = {
    "font.size": 8,
    "font.family": "sans-serif",
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.2,
    "lines.markersize": 5.5,
    "lines.markeredgewidth": 0.5,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,
    "svg.hashsalt": "spectralkit",
}


@contextmanager
def styled() -> Iterator[None]:
    """Within, figures are drawn so; matplotlib's settings are afterwards what they were."""
    with context(RC, after_reset=True):
        yield


def colour(rank: int) -> str:
    """Of the run of that rank."""
    return COLOURS[rank % len(COLOURS)]


def line(rank: int) -> dict[str, Any]:
    """Colour and stroke of the run of that rank, one of :data:`~spectralkit_bench.figures.catalogue.LINES`."""
    return {"color": colour(rank), "linestyle": STROKES[rank // len(COLOURS)]}


def marker(rank: int) -> dict[str, Any]:
    """Colour and marker of the run of that rank, one of :data:`~spectralkit_bench.figures.catalogue.POINTS`.

    The second half are hollow.
    """
    fill, place = divmod(rank, len(COLOURS) * len(MARKERS))
    shape = MARKERS[(place + place // len(COLOURS)) % len(MARKERS)]
    return {"color": colour(rank), "marker": shape, "linestyle": "none", **FILLS[fill]}


def handles(ranks: Mapping[str, int], look: Callable[[int], dict[str, Any]]) -> list[Line2D]:
    """What a legend shows of labels with their ranks, which look as in the axes: by :func:`line` or :func:`marker`."""
    return [Line2D([], [], label=verbatim(label), **look(rank)) for label, rank in ranks.items()]


def panels(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, list[Axes]]:
    """A figure of that many axes, row by row."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.05))
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(grid.flat)


def tiles(
    rows: int, columns: int, width: float = PAGE, aspect: float = 1.0, titles: int = 1
) -> tuple[Figure, list[list[Axes]]]:
    """Rows of axes without frames, for pictures whose height is ``aspect`` times their width, below lines of titles."""
    pitch = (width - 0.25) / columns
    figure, axes = panels(width, rows * (pitch * aspect + 0.03) + 0.13 * titles + 0.06, rows, columns)
    figure.set_layout_engine(ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01))
    for axis in axes:
        axis.set_axis_off()
    return figure, [axes[row * columns : (row + 1) * columns] for row in range(rows)]


def picture(axis: Axes, image: Tensor, title: str = "") -> None:
    """Show (C, H, W) in [0, 1]."""
    pixels = np.asarray(to_pil(image.detach().cpu().float()))
    axis.imshow(pixels, cmap="gray" if pixels.ndim == 2 else None, vmin=0, vmax=255)
    framed(axis, title)


def framed(axis: Axes, title: str = "") -> None:
    """A thin line around a picture, which may be as white as the page, and no ticks."""
    axis.set_axis_on()
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set(visible=True, color="0.6", linewidth=0.4)
    if title:
        axis.set_title(title, fontsize=7, pad=2)


def noise_map(axis: Axes, latent: Tensor) -> None:
    """Show the first channel of (C, H, W), black to white from -3 to 3."""
    axis.imshow(latent[0].detach().cpu().numpy(), cmap="gray", vmin=-3, vmax=3)
    framed(axis)


def row_label(axis: Axes, lines: Sequence[str]) -> None:
    """Name a row of pictures at the left of its first."""
    axis.text(
        *(-0.06, 0.5, "\n".join(lines)),
        transform=axis.transAxes,
        rotation=90,
        ha="right",
        va="center",
        fontsize=7,
        linespacing=1.0,
    )


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` characters, broken behind signs where there are some."""
    lines = [""]
    for piece in re.split(r"(?<=[-+,( ])", text):
        for start in range(0, len(piece), width):
            part = piece[start : start + width]
            if len(lines[-1]) + len(part.rstrip()) > width:
                lines.append("")
            lines[-1] += part
    return [verbatim(line.strip()) for line in lines if line.strip()]


def verbatim(text: str) -> str:
    """A name as it is, where matplotlib would read what stands between dollar signs as mathematics."""
    return text.replace("$", r"\$")


def plain_logarithm(axis: Axis) -> None:
    """Numbers as one writes them, as many as there is room for, on an axis that has its limits."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,), numticks=12))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))


def frequencies_across(axis: Axes, lowest: float) -> None:
    """A logarithmic axis of cycles per pixel, from the lowest to Nyquist's."""
    axis.set_xscale("log")
    axis.set_xlim(lowest, 0.5)
    plain_logarithm(axis.xaxis)
    axis.set_xlabel("frequency (cycles/pixel)")


def legend(figure: Figure, handles: Sequence[Artist], columns: int = 4) -> None:
    """Explain the lines below the axes, where no data lie; the figure grows by what that takes."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    room = max(1, int(figure.get_figwidth() * LETTERS / (longest + 5)))
    across = min(columns, room, len(handles))
    figure.set_figheight(figure.get_figheight() + 0.14 * -(-len(handles) // across))
    figure.legend(handles=list(handles), loc="outside lower center", ncols=across)
