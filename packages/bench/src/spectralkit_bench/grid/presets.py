"""Grids that come with the package, shaped like the tables of the paper."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def presets() -> dict[str, Path]:
    """Files of the presets by name, in the order of the tables."""
    folder = Path(str(files("spectralkit_bench"))) / "presets"
    found = {path.stem: path for path in folder.glob("*.toml")}
    return {name: found[name] for name in sorted(found, key=lambda name: (len(name), name))}
