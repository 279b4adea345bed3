"""The numbers of the runs, by study (a model in a setting), and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean

import attrs

from pages.reproduction.distances import Interval
from spectralkit_bench.tables.spread import Spread

UNIT = "s-hf-unit"
"""S_HF of pixels in [0, 1], beside the ``s-hf`` of [0, 255]."""

ENERGY = "energy"
"""Mean |latent|² over its dimension."""


class AbsentError(Exception):
    """A figure that a claim needs is not there; the message says what it needs."""


@attrs.frozen(kw_only=True)
class Cell:
    """The runs of one method on one model in one setting.

    Args:
        seeds: Of the runs.
        scores: By name, a number a seed: the metrics', :data:`UNIT` and :data:`ENERGY`.
        random: Whether anything is drawn; otherwise the one seed stands for all.
        off: ln power less that of the references, octave by octave, coarse to fine, mean over seeds.
        less: By distance, how it differs from that of ``standard``, where both were run.
    """

    seeds: tuple[int, ...]
    scores: Mapping[str, tuple[float, ...]]
    random: bool
    off: tuple[float, ...]
    less: Mapping[str, Interval]

    def mean(self, name: str) -> float:
        """Over seeds."""
        return fmean(self.scores[name])

    def told(self, name: str, digits: int = 3) -> str:
        """Mean and standard deviation over seeds."""
        return Spread.of(self.scores[name]).told(digits)

    def beside(self, other: Cell, name: str) -> Iterator[tuple[float, float]]:
        """Pairs of scores of the same seed."""
        for seed in dict.fromkeys((*self.seeds, *other.seeds)):
            pair = [cell._of(seed, name) for cell in (self, other)]
            if pair[0] is not None and pair[1] is not None:
                yield pair[0], pair[1]

    def _of(self, seed: int, name: str) -> float | None:
        values = dict(zip(self.seeds, self.scores[name], strict=True))
        return values.get(seed) if self.random else next(iter(values.values()))


@attrs.frozen(kw_only=True)
class Yardstick:
    """Images that no inversion has made.

    Args:
        told: Which.
        scores: By name.
        off: As a cell's.
    """

    told: str
    scores: Mapping[str, float]
    off: tuple[float, ...]


@attrs.frozen(kw_only=True)
class Study:
    """A model in a setting.

    Args:
        role: Which the model plays.
        source: Its name, or its directory.
        setting: What is translated.
        key: Digest of what the runs were made of; empty where one is to be tried again.
        told: What is to be known of the model.
        caption: What the numbers depend on.
        yardsticks: In order.
        cells: By method.
        refusals: By method, why it was not run.
    """

    role: str
    source: str
    setting: str
    key: str
    told: str
    caption: str
    yardsticks: tuple[Yardstick, ...]
    cells: Mapping[str, Cell]
    refusals: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Results:
    """Everything that claims are judged by.

    Args:
        samples: N of every run.
        steps: Of every run, each way.
        seeds: Of the noise.
        studies: In the order of the page.
    """

    samples: int
    steps: int
    seeds: tuple[int, ...]
    studies: tuple[Study, ...] = ()

    @property
    def played(self) -> dict[str, str]:
        """The model of every role."""
        return {study.role: study.source for study in self.studies}

    @property
    def settings(self) -> tuple[str, ...]:
        """Those in which anything was run."""
        return tuple(dict.fromkeys(study.setting for study in self.studies))

    def study(self, role: str, setting: str) -> Study | None:
        """A model in a setting, if it is there."""
        return next((s for s in self.studies if (s.role, s.setting) == (role, setting)), None)

    def cell(self, role: str, setting: str, method: str) -> Cell:
        """The runs of a method.

        Raises:
            AbsentError: If there are none.
        """
        if role not in self.played:
            raise AbsentError(f"needs model `{role}`")
        study = self.study(role, setting)
        if study is None or method not in study.cells:
            refused = "" if study is None else study.refusals.get(method, "")
            raise AbsentError(refused or f"needs the runs of `{method}` on `{role}`, {setting}")
        return study.cells[method]

    def settings_of(self, role: str, *methods: str) -> list[str]:
        """The settings in which all of these methods were run.

        Raises:
            AbsentError: If there is none.
        """
        found = [s.setting for s in self.studies if s.role == role and s.cells.keys() >= set(methods)]
        if not found:
            for method in methods:
                for setting in self.settings:
                    self.cell(role, setting, method)
            raise AbsentError(f"needs runs of {' and '.join(f'`{m}`' for m in methods)} in one setting on `{role}`")
        return found

    def difference(self, role: str, setting: str, method: str, distance: str) -> Interval:
        """A distance of a method's images less that of standard's, paired by sample.

        Raises:
            AbsentError: If one was not run.
        """
        cell = self.cell(role, setting, method)
        self.cell(role, setting, "standard")
        return cell.less[distance]
