"""The numbers behind the page as a file, ``reproduction.json``: the page can be made again without a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from pages.reproduction.distances import Interval
from pages.reproduction.results import Cell, Results, Study, Yardstick
from pages.reproduction.roles import ROLES
from pages.reproduction.settings import SETTINGS
from spectralkit.errors import ConfigurationError
from spectralkit.whole import write_whole

DIGITS = 6
"""Significant ones."""


def read(path: Path, asked: Results) -> Results:
    """The kept numbers, if they are of as many samples, steps and seeds as ``asked``; otherwise ``asked``.

    Raises:
        ConfigurationError: If the file cannot be understood.
    """
    if not path.exists():
        return asked
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        kept = Results(**{**document, "seeds": tuple(document["seeds"]), "studies": ()})
        studies = tuple(map(_study, document["studies"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(f"{path} holds no numbers of a reproduction ({error}): move it away") from error
    return attrs.evolve(kept, studies=studies) if kept == asked else asked


def write(results: Results, path: Path) -> None:
    """Keep the numbers, whole."""
    document = attrs.asdict(results, value_serializer=lambda _, __, value: _rounded(value))
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode())


def with_study(results: Results, study: Study) -> Results:
    """``results`` with a study replaced, or added at its place on the page."""
    others = [s for s in results.studies if (s.role, s.setting) != (study.role, study.setting)]
    return attrs.evolve(results, studies=tuple(sorted((*others, study), key=_place)))


def _place(study: Study) -> tuple[int, int]:
    return list(SETTINGS).index(study.setting), list(ROLES).index(study.role)


def _rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def _study(table: dict[str, Any]) -> Study:
    yardsticks = tuple(Yardstick(**{**one, "off": tuple(one["off"])}) for one in table["yardsticks"])
    cells = {method: _cell(cell) for method, cell in table["cells"].items()}
    return Study(**{**table, "yardsticks": yardsticks, "cells": cells})


def _cell(table: dict[str, Any]) -> Cell:
    scores = {name: tuple(values) for name, values in table["scores"].items()}
    less = {name: Interval(**interval) for name, interval in table["less"].items()}
    return Cell(**{**table, "seeds": tuple(table["seeds"]), "scores": scores, "off": tuple(table["off"]), "less": less})
