"""The grids that the page of the bench shows can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from spectralkit_bench.grid.grid import Grid
from spectralkit_bench.grid.presets import presets

PAGE = (Path(__file__).parents[1] / "bench.md").read_text()


def test_the_grid_of_the_page_is_one():
    grid, improved = (
        tomllib.loads(text) for text in re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    )
    read = Grid.of("page", {**grid, **improved}, "page")
    assert len(read.points) == 4
    assert read.improved is not None


def test_every_preset_is_told():
    assert set(re.findall(r"`(table\d+)`", PAGE)) >= set(presets())
