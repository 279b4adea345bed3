"""A cell as the store knows it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

NAMED = frozenset({"method", "model", "dataset", "seed"})
"""Options that every configuration has."""

COLUMNS = "key, config, facts, state, worker, error, seconds"


@attrs.frozen
class Record:
    """A cell without its document.

    Args:
        key: What it is known by.
        config: What is run.
        versions: Of what takes part.
        weights: The model's digest.
        state: ``waiting``, as a dead worker's cell is too, ``running``, ``done`` or ``failed``.
        worker: Who runs it, or died with it.
        error: Why it failed.
        seconds: How long it took.
    """

    key: str
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    weights: str
    state: str
    worker: str | None
    error: str | None
    seconds: float | None

    @classmethod
    def of(cls, row: Sequence[Any]) -> Record:
        """A row of :data:`COLUMNS`.

        Raises:
            ValueError, TypeError: If it is none.
        """
        key, text, facts, *rest = row
        config = json.loads(text)
        if not config.keys() >= NAMED:
            raise ValueError(f"the configuration of {key} lacks {', '.join(sorted(NAMED - config.keys()))}")
        versions, weights = json.loads(facts)
        return cls(key, config, versions, weights, *rest)


@attrs.frozen(kw_only=True)
class Counts:
    """How many cells are in which state."""

    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.running + self.done + self.failed

    @property
    def open(self) -> int:
        """Those that are neither done nor failed."""
        return self.waiting + self.running

    def and_waiting(self, number: int) -> Counts:
        """With so many more that wait."""
        return attrs.evolve(self, waiting=self.waiting + number)
