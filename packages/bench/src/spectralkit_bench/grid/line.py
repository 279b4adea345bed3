"""A line of a grid's table: which cells it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

AXES = ("dataset", "scale", "model", "method")
"""In which lines differ."""


@attrs.frozen(kw_only=True)
class Line:
    """One line.

    Args:
        labels: What its data set, scale, model and method are called.
        method: The method's expression.
        section: Heading that it stands under.
        cells: Keys by seed; what draws nothing has one key for all.
        refusals: Why there are not more.
    """

    labels: Mapping[str, str]
    method: str
    section: str = ""
    cells: dict[int, str] = attrs.field(factory=dict)
    refusals: tuple[str, ...] = ()

    @property
    def runs(self) -> dict[int, str]:
        """Its cells, each once: what draws nothing stands at its first seed."""
        first = {key: seed for seed, key in reversed(self.cells.items())}
        return {seed: key for seed, key in self.cells.items() if first[key] == seed}

    def as_table(self) -> dict[str, Any]:
        """As a store holds it."""
        return {**attrs.asdict(self), "refusals": list(self.refusals)}

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Line:
        """What :meth:`as_table` gave, after a way through JSON."""
        cells = {int(seed): key for seed, key in table["cells"].items()}
        return cls(**{**table, "cells": cells, "refusals": tuple(table["refusals"])})
