"""The runs' numbers, by role, setting and method, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import attrs
import torch
from torch import Tensor

from pages.reproduction.distances import DISTANCES, Interval, resamples
from pages.reproduction.measures import Measures
from pages.reproduction.plan import Plan
from pages.reproduction.scene import Scene
from spectralkit.models.model import Model
from spectralkit_bench.tables.spread import Spread

UNIT = "s-hf-unit"
"""S_HF of pixels in [0, 1], beside the ``s-hf`` of [0, 255]."""

Key = tuple[str, str, str]
"""Role, setting, method."""


class AbsentError(Exception):
    """A figure that a claim needs is not there; the message says what it needs."""


@attrs.frozen(eq=False)
class Outcome:
    """One run.

    Args:
        document: Its ``metrics.json``.
        measures: Of its images.
    """

    document: dict[str, Any]
    measures: Measures

    def value(self, name: str) -> float:
        """A score, S_HF of pixels in [0, 1], or the latents' mean ``energy``."""
        if name == UNIT:
            return float(self.measures.detail.mean())
        if name == "energy":
            return float(self.document["details"]["s-g"]["mean(r)/d"])
        return float(self.document["scores"][name])


@attrs.frozen(eq=False)
class Cell:
    """The runs of one method on one model and setting.

    Args:
        outcomes: By seed.
        random: Whether anything is drawn; otherwise the one seed stands for all.
    """

    outcomes: dict[int, Outcome]
    random: bool

    def values(self, name: str) -> list[float]:
        """One number a seed."""
        return [outcome.value(name) for outcome in self.outcomes.values()]

    def mean(self, name: str) -> float:
        """Over seeds."""
        return fmean(self.values(name))

    def told(self, name: str, digits: int = 3) -> str:
        """Mean and standard deviation over seeds."""
        return Spread.of(self.values(name)).told(digits)

    def power(self) -> Tensor:
        """(O,), mean ln power of the images in every octave."""
        return torch.stack([outcome.measures.power.mean(0) for outcome in self.outcomes.values()]).mean(0)

    def beside(self, other: Cell, name: str) -> Iterator[tuple[float, float]]:
        """Pairs of scores of the same seed."""
        for seed in dict.fromkeys((*self.outcomes, *other.outcomes)):
            pair = [cell._of(seed) for cell in (self, other)]
            if pair[0] and pair[1]:
                yield pair[0].value(name), pair[1].value(name)

    def _of(self, seed: int) -> Outcome | None:
        return self.outcomes.get(seed) if self.random else next(iter(self.outcomes.values()))


@attrs.define(eq=False)
class Results:
    """Everything that claims are judged by.

    Args:
        plan: What was to be run.
        scenes: By setting.
        models: By role and setting.
        cells: What was run.
        refusals: Why a cell is missing, where the run said so.
    """

    plan: Plan
    scenes: dict[str, Scene]
    models: dict[tuple[str, str], Model] = attrs.field(factory=dict)
    cells: dict[Key, Cell] = attrs.field(factory=dict)
    refusals: dict[Key, str] = attrs.field(factory=dict)
    _resampled: dict[tuple[Key, str], Tensor] = attrs.field(factory=dict, init=False)

    def cell(self, role: str, setting: str, method: str) -> Cell:
        """The runs of a method.

        Raises:
            AbsentError: If there are none.
        """
        key = (role, setting, method)
        if key in self.cells:
            return self.cells[key]
        if role not in {model.role for model in self.plan.models}:
            raise AbsentError(f"needs model `{role}`")
        raise AbsentError(self.refusals.get(key) or f"needs the runs of `{method}` on `{role}`, {setting}")

    def settings(self, role: str, *methods: str) -> list[str]:
        """The settings in which all of these methods were run.

        Raises:
            AbsentError: If there is none.
        """
        found = [name for name in self.scenes if all((role, name, method) in self.cells for method in methods)]
        if not found:
            for method in methods:
                for name in self.scenes:
                    self.cell(role, name, method)
            raise AbsentError(f"needs runs of {' and '.join(f'`{m}`' for m in methods)} in one setting on `{role}`")
        return found

    def difference(self, role: str, setting: str, methods: tuple[str, str], distance: str) -> Interval:
        """A distance of the first method's images less that of the second's, paired by sample.

        Raises:
            AbsentError: If one was not run.
        """
        first, second = (self._resamples((role, setting, method), distance) for method in methods)
        return Interval.of(float(first[0] - second[0]), first[1:] - second[1:])

    def _resamples(self, key: Key, distance: str) -> Tensor:
        """(1 + R,): the distance of all images, then of every resample; means over seeds."""
        if (key, distance) not in self._resampled:
            cell, real = self.cell(*key), self.scenes[key[1]].real
            count = self.plan.samples
            weights = torch.cat([torch.ones(1, count, dtype=torch.long), resamples(count)])
            seeds = [DISTANCES[distance](one.measures.features, real, weights) for one in cell.outcomes.values()]
            self._resampled[key, distance] = torch.stack(seeds).mean(0)
        return self._resampled[key, distance]
