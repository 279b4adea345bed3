"""The page of the figures: which there are, what they show and what they need, as the command's catalogue has it."""

from __future__ import annotations

from collections.abc import Iterator

from pages.markdown import code, table
from spectralkit_bench.figures.catalogue import PLOTS, Plot

AGAIN = {"lacking": "latents, or inverts again", "always": "inverts again"}


def overview() -> str:
    """A row a figure."""
    rows = [(code(plot.name), plot.paper, plot.shows, "; ".join(_needs(plot))) for plot in PLOTS]
    return table(("figure", "of the paper", "shows", "needs"), rows)


def _needs(plot: Plot) -> Iterator[str]:
    if plot.runs > 1:
        yield f"{plot.runs} runs"
    if plot.needed:
        yield f"scores {', '.join(map(code, plot.needed.split(',')))}"
    if plot.latents:
        yield "saved latents"
    if plot.again:
        yield AGAIN[plot.again]
