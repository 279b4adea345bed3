"""The figures behind the verdicts: a table a model and setting, yardsticks first."""

from __future__ import annotations

from collections.abc import Iterator

from pages.markdown import code, table
from pages.reproduction.distances import DIGITS
from pages.reproduction.results import ENERGY, UNIT, Cell, Results, Study, Yardstick

SCORES = ("s-hf", "s-lf", "psnr", "s-dc", "s-g", ENERGY)
HEADER = (
    "images",
    "kd-lite0",
    "less standard's",
    "fd-lite0",
    "less standard's",
    "S_HF [0, 1]",
    "S_HF",
    "S_LF",
    "PSNR",
    "S_DC",
    "S_G",
    "energy",
    "ln power off, coarse to fine",
)


def figures(results: Results) -> Iterator[str]:
    """Headings and tables, where anything was run."""
    yield "## Figures"
    for study in results.studies:
        if study.cells:
            yield f"### `{study.role}`, {study.setting}"
            yield table(HEADER, _lines(study))
            yield study.caption


def _lines(study: Study) -> list[tuple[str, ...]]:
    cells = [_cell(method, cell) for method, cell in study.cells.items()]
    return [*map(_yardstick, study.yardsticks), *cells]


def _yardstick(yardstick: Yardstick) -> tuple[str, ...]:
    kernel, frechet, detail, *scores = (
        f"{yardstick.scores[name]:.{_digits(name)}f}" if name in yardstick.scores else ""
        for name in (*DIGITS, UNIT, *SCORES)
    )
    return (yardstick.told, kernel, "", frechet, "", detail, *scores, _off(yardstick.off))


def _cell(method: str, cell: Cell) -> tuple[str, ...]:
    distances: list[str] = []
    for name, digits in DIGITS.items():
        distances += [cell.told(name, digits), cell.less[name].told(digits) if name in cell.less else ""]
    scores = (cell.told(name, _digits(name)) for name in (UNIT, *SCORES))
    return (code(method), *distances, *scores, _off(cell.off))


def _digits(name: str) -> int:
    return DIGITS.get(name, 2 if name == "psnr" else 3)


def _off(octaves: tuple[float, ...]) -> str:
    return ", ".join(f"{octave:+.2f}" for octave in octaves)
