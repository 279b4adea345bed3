"""One run of a grid, known by its key (see :mod:`spectralkit_bench.cells.identity`)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from spectralkit.running.config import RunConfig


@attrs.frozen(kw_only=True)
class Cell:
    """One run of a grid.

    Args:
        key: What it is known by.
        config: What is run, every default filled in.
        versions: Of every distribution that takes part.
        weights: The model's digest.
    """

    key: str
    config: RunConfig
    versions: Mapping[str, str]
    weights: str
