"""Which figures there are, and what each of them needs; nothing here imports torch or matplotlib."""

from __future__ import annotations

from typing import Literal

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import nearest

Apart = Literal["", "setting", "data"]

LINES, POINTS = 36, 72
"""How many methods a figure can tell apart by colour and stroke, and by colour and marker."""


@attrs.frozen
class Plot:
    """A kind of figure.

    Args:
        name: What ``--only`` and the file are called.
        paper: The figure of the paper that it corresponds to; empty where there is none.
        shows: What is seen, in half a sentence.
        runs: How many runs it takes at least.
        scores: Metrics that a run must have been scored by.
        columns: Metrics that the samples of a run must have been scored by.
        latents: Whether a run must have saved its latents.
        again: Whether the first few samples of a run are inverted again; ``lacking`` where it saved no latents.
        apart: What has a drawing of its own: every ``setting`` (data set and degradation), or all ``data``.
        looks: How many methods it can tell apart by how they look; 0 where each is told by its place.
    """

    name: str
    paper: str
    shows: str
    runs: int = 1
    scores: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    latents: bool = False
    again: Literal["", "lacking", "always"] = ""
    apart: Apart = ""
    looks: int = 0

    @property
    def target(self) -> str:
        """The module that draws it."""
        return f"spectralkit_bench.figures.{self.name.replace('-', '_')}"

    @property
    def needed(self) -> str:
        """What a run must have been scored by, as ``--metrics`` takes it."""
        return ",".join(dict.fromkeys((*self.scores, *self.columns)))


PLOTS = (
    Plot("collapse", "Fig. 1", "a source, its noise map, the map's spectrum and the translation", again="lacking",
         apart="setting"),
    Plot("qualitative", "Figs. 2, 18-20", "sources, every run's translations and real images", apart="setting"),
    Plot("spectra", "Fig. 1", "power by frequency of noise maps and of images", again="lacking", apart="setting",
         looks=LINES),
    Plot("explained-variance", "Fig. 3", "variance on the first principal components beside white noise of the same "
         "N and d", latents=True, looks=LINES),
    Plot("tradeoff", "Fig. 4", "S_HF and S_LF against S_DC, a point a run", runs=2, scores=("s-hf", "s-lf", "s-dc"),
         looks=POINTS),
    Plot("pareto", "Fig. 6", "S_LF against S_HF, a point a run, and the front", runs=2, scores=("s-hf", "s-lf")),
    Plot("norms", "Fig. 7", "squared norms of noise maps beside the chi-squared law", again="lacking"),
    Plot("flags", "Fig. 8", "noise maps and the patches that S_DC flags in them", again="lacking"),
    Plot("gaussianity", "Fig. 8", "S_G against S_DC, a point a run", runs=2, scores=("s-g", "s-dc"),
         looks=POINTS),
    Plot("slope", "Fig. 9", "power by frequency of real images and the line that S_HF takes its wavelet from",
         apart="data"),
    Plot("wavelets", "Fig. 10", "the wavelet details of real images that S_HF counts", apart="data"),
    Plot("filtered", "Fig. 11", "a real image without its low or without its high frequencies", apart="data"),
    Plot("sensitivity", "Fig. 12", "S_HF and S_LF of such images", apart="data"),
    Plot("structure", "Fig. 13", "how S_LF is made, of its best and of its worst sample", columns=("s-lf",),
         apart="setting"),
    Plot("correlations", "Fig. 14", "how scores go together, over runs and over samples"),
    Plot("detail-decorrelation", "Fig. 15", "S_HF against S_DC, a point a sample", columns=("s-hf", "s-dc"),
         looks=POINTS),
    Plot("structure-decorrelation", "Fig. 16", "S_LF against S_DC, a point a sample", columns=("s-lf", "s-dc"),
         looks=POINTS),
    Plot("velocity", "Fig. 17", "what an inversion's steps change, by frequency", again="always"),
    Plot("velocity-normalised", "Fig. 17", "the same of states brought to unit variance", again="always"),
    Plot("energy", "", "energy of the states of an inversion in three bands of frequency", again="always",
         looks=LINES),
)  # fmt: skip


def chosen(only: str | None) -> tuple[Plot, ...]:
    """The figures that ``--only A,B`` names; all of them where it was not given.

    Raises:
        ConfigurationError: If one is unknown or none is named.
    """
    if only is None:
        return PLOTS
    known = {plot.name: plot for plot in PLOTS}
    names = _listed(only)
    for name in names:
        if name not in known:
            hint = f"{nearest(name, known)}there are {', '.join(known)}"
            raise ConfigurationError(f"no figure is called {name!r}: {hint}")
    if not names:
        raise ConfigurationError(f"--only names no figure: {only!r}; there are {', '.join(known)}")
    return tuple(plot for plot in PLOTS if plot.name in names)


FORMATS = ("png", "pdf", "svg")


def formats(text: str) -> tuple[str, ...]:
    """The formats of ``--format png,pdf``.

    Raises:
        ConfigurationError: If one is unknown or none is named.
    """
    found = _listed(text)
    if unknown := [each for each in found if each not in FORMATS]:
        raise ConfigurationError(f"--format knows {', '.join(FORMATS)}, not {unknown[0]!r}")
    if not found:
        raise ConfigurationError(f"--format names none: {text!r}; it knows {', '.join(FORMATS)}")
    return found


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
