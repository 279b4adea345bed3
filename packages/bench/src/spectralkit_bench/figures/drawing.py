"""All figures that can be drawn of some runs, written with a page of captions; what cannot be is told in one line."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import DataError, SpectralkitError
from spectralkit.plugins.text import one_line
from spectralkit_bench.apart import apart
from spectralkit_bench.figures.catalogue import Plot
from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.naming import told
from spectralkit_bench.figures.style import DPI, styled

CAPTIONS = "captions.md"

LONGEST = 100
"""Letters of a data set's name in that of a file."""

_MISSING = re.compile(r"Glyph (\d+) ")

STAMPS = {"png": "Creation Time", "pdf": "CreationDate", "svg": "Date"}
"""When a file was made, which it does not say: the same runs give the same files."""


@attrs.frozen
class Drawn:
    """What was drawn.

    Args:
        files: Of each figure.
        skipped: Why a figure was not drawn.
    """

    files: dict[str, list[str]]
    skipped: dict[str, str]


def draw_into(
    directory: Path,
    material: Material,
    plots: Sequence[Plot],
    formats: Sequence[str],
    tell: Callable[[Plot, list[str]], None] = lambda plot, files: None,
) -> Drawn:
    """Draw into an empty ``directory``.

    Args:
        directory: Where the files go.
        material: The runs.
        plots: What to draw.
        formats: Of the files.
        tell: Called with every figure that was drawn, and its files.

    Raises:
        DataError: If none of the figures can be drawn.
    """
    drawn, captions = Drawn({}, {}), []
    with _boxes_told():
        for plot in plots:
            try:
                made = list(drawings(plot, material))
            except SpectralkitError as error:
                drawn.skipped[plot.name] = one_line(str(error))
                continue
            drawn.files[plot.name] = [
                _save(drawing, directory, stem, form) for stem, drawing in made for form in formats
            ]  # fmt: skip
            captions += [_caption(plot, stem, drawing) for stem, drawing in made]
            tell(plot, drawn.files[plot.name])
    if not drawn.files:
        reasons = "; ".join(dict.fromkeys(drawn.skipped.values()))
        raise DataError(f"nothing can be drawn of {', '.join(drawn.skipped)}: {reasons}")
    runs = "\n".join(f"- {subject.label}: {subject.run.directory}" for subject in material.subjects)
    captions += [f"Not drawn: {name}, {reason}." for name, reason in drawn.skipped.items()]
    text = "\n\n".join(["# Captions", runs, *captions])
    (directory / CAPTIONS).write_text(f"{text}\n", encoding="utf-8")
    return drawn


@contextmanager
def _boxes_told() -> Iterator[None]:
    """Matplotlib tells of every letter that the font has not whenever it draws it; here all are told at the end."""
    missing: dict[str, None] = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("always", _MISSING.pattern)
        show = warnings.showwarning

        def showwarning(message: Warning | str, category: type[Warning], *where: Any, **wherever: Any) -> None:
            if found := _MISSING.match(str(message)):
                missing[chr(int(found[1]))] = None
            else:
                show(message, category, *where, **wherever)

        warnings.showwarning = showwarning
        yield
    if missing:
        warnings.warn(f"boxes stand for letters that the font of the figures lacks: {''.join(missing)}", stacklevel=2)


def fitting(plot: Plot, material: Material) -> Material:
    """The runs that have what a figure needs.

    Raises:
        DataError: If they are too few; says what to do.
    """
    lacking, remedy = [s for s in material.subjects if not _has(plot, s)], ""
    if lacking:
        options = (f"--metrics {plot.needed}" if plot.needed else "", "--save-latents" if plot.latents else "")
        remedy = f"run {lacking[0].run.directory} again with {' '.join(filter(None, options))}"
    kept = tuple(s for s in material.subjects if s not in lacking)
    if len(kept) < plot.runs:
        told = "no run" if not kept else "only one run" if len(kept) == 1 else f"only {len(kept)} runs"
        fit = f" has {'latents' if plot.latents else plot.needed}" if lacking else " was named"
        raise DataError(f"{told}{fit}, {plot.name} needs {plot.runs}: {remedy or 'name more'}")
    return Material(kept)


def _has(plot: Plot, subject: Subject) -> bool:
    if plot.latents and not subject.run.has_latents:
        return False
    scored = all(name in subject.run.scores for name in plot.scores)
    return scored and all(subject.run.values(name) for name in plot.columns)


def drawings(plot: Plot, material: Material) -> Iterator[tuple[str, Drawing]]:
    """Every drawing of a figure with the stem of its files.

    Raises:
        SpectralkitError: If a run lacks what the figure needs, or its data set or model can no longer be loaded.
    """
    draw: Callable[[Material], Drawing] = import_module(plot.target).draw
    kept = fitting(plot, material)
    parts = kept.apart(plot.apart)
    if plot.looks:
        parts = {name: part.looking(plot.looks) for name, part in parts.items()}
    without = ", ".join(one.label for one in material.subjects if one not in kept.subjects)
    stems = apart(plot.name if len(parts) == 1 else f"{plot.name}-{_slug(name)}" for name in parts)
    for stem, (name, part) in zip(stems, parts.items(), strict=True):
        with styled():
            drawing = draw(part)
            drawing.figure.draw_without_rendering()
            drawing.figure.set_layout_engine("none")  # else every format would be laid out anew, a little otherwise
        settings = f"Data: {name}." if plot.apart == "data" else _settings(part)
        left_out = f" Without {without}, which lacks what this takes." if without else ""
        yield stem, attrs.evolve(drawing, caption=f"{drawing.caption} {settings}{left_out}")


def _settings(material: Material) -> str:
    runs = [subject.run for subject in material.subjects]
    return told([run.config for run in runs], (len(run.ids) for run in runs))


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:LONGEST]


def _save(drawing: Drawing, directory: Path, stem: str, form: str) -> str:
    file = f"{stem}.{form}"
    with styled():
        drawing.figure.savefig(directory / file, format=form, dpi=DPI, metadata={STAMPS[form]: None})
    return file


def _caption(plot: Plot, stem: str, drawing: Drawing) -> str:
    paper = f" ({plot.paper} of the paper)" if plot.paper else ""
    return f"## {stem}\n\n{plot.shows[0].upper()}{plot.shows[1:]}{paper}. {drawing.caption}"
