""" "% improved": the share of matched runs in which one thing is strictly better than another.

A unit is a pair of a value of ``before`` and one of ``after`` with the same seed and the same of everything else. A tie
counts as no. A run that draws nothing stands for every seed; two of them are one unit.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief
from spectralkit_bench.grid.line import AXES, Line

KEYS = ("axis", "before", "after")


@attrs.frozen(kw_only=True)
class Share:
    """What is held against what.

    Args:
        axis: In which they differ.
        before: Values of the axis.
        after: Those that may be better.
    """

    axis: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @classmethod
    def read(cls, where: str, table: object) -> Share:
        """The table ``[improved]`` of a grid.

        Raises:
            ConfigurationError: If a key is missing or unknown, or a value impossible.
        """
        if not isinstance(table, dict) or set(table) != set(KEYS):
            raise ConfigurationError(f"grid {where}: [improved] takes {', '.join(KEYS)}, got {brief(table)}")
        axis, *sides = (table[key] for key in KEYS)
        if axis not in AXES:
            raise ConfigurationError(f"grid {where}: axis of [improved] must be an axis, got {brief(axis)}")
        for side in sides:
            if not isinstance(side, list) or not side or not all(isinstance(value, str) for value in side):
                raise ConfigurationError(f"grid {where}: [improved] holds lists of texts against, got {brief(side)}")
        return cls(axis=axis, before=tuple(sides[0]), after=tuple(sides[1]))

    def units(self, lines: Sequence[Line]) -> list[tuple[str, str]]:
        """The keys of every unit's two runs."""
        found: dict[tuple[str, str], None] = {}
        for first, second in itertools.product(lines, lines):
            sides = first.labels[self.axis] in self.before, second.labels[self.axis] in self.after
            if all(sides) and _elsewhere(first, self.axis) == _elsewhere(second, self.axis):
                shared = first.cells.keys() & second.cells.keys()
                found |= dict.fromkeys((first.cells[seed], second.cells[seed]) for seed in sorted(shared))
        return list(found)

    def as_table(self) -> dict[str, Any]:
        """As a grid holds it."""
        return {"axis": self.axis, "before": list(self.before), "after": list(self.after)}


def _elsewhere(line: Line, axis: str) -> dict[str, str]:
    return {name: value for name, value in line.labels.items() if name != axis}
