"""A sweep: points that a sampler proposes, as cells of a store, and the fronts of their scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from spectralkit.errors import SpectralkitError
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Loader
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.cells.identity import identify
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.store.store import Store
from spectralkit_bench.sweep.axis import Point, configured
from spectralkit_bench.sweep.front import chosen, front, oriented
from spectralkit_bench.sweep.objectives import FRONTS
from spectralkit_bench.sweep.sampler import Sampler
from spectralkit_bench.sweep.trial import Trial
from spectralkit_bench.tables.result import metric_of


@attrs.frozen(kw_only=True)
class Front:
    """The front of two scores.

    Args:
        names: Of the metrics.
        members: Its trials, by ascending first score's worth.
        chosen: The one nearest to the best of both.
    """

    names: tuple[str, str]
    members: tuple[Trial, ...]
    chosen: Trial


@attrs.define(kw_only=True)
class Sweep:
    """A sweep on its way: a point that is proposed again is the same trial.

    Args:
        name: What a store knows it by.
        base: All that the points have in common.
        sampler: Who proposes them.
        loader: Gives model and data.
    """

    name: str
    base: RunConfig
    sampler: Sampler
    loader: Loader
    _trials: dict[str, Trial] = attrs.field(factory=dict, init=False)
    _cells: dict[str, Cell] = attrs.field(factory=dict, init=False)
    _round: list[str] = attrs.field(factory=list, init=False)
    _before: int = attrs.field(default=0, init=False)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """So far, each once, in the order in which they were proposed."""
        return tuple(self._trials.values())

    @property
    def keys(self) -> list[str]:
        """Of their cells."""
        return list(self._cells)

    @property
    def fresh(self) -> list[str]:
        """Of those that no round before this one had."""
        return self.keys[self._before :]

    def propose(self) -> bool:
        """Another round, whether there is one; a point that cannot be run is a trial that says why.

        Raises:
            SpectralkitError: If not even one point of the first round can be run.
        """
        points = self.sampler.propose()
        self._before = len(self._cells)
        self._round = [repr(dict(point)) for point in points]
        refused: list[SpectralkitError] = []
        for name, point in zip(self._round, points, strict=True):
            if name not in self._trials:
                self._trials[name] = self._trial(point, refused)
        if refused and not self._cells:
            raise refused[0]
        return bool(points)

    def _trial(self, point: Point, refused: list[SpectralkitError]) -> Trial:
        config = self.base
        try:
            config = configured(self.base, point)
            cell = identify(config, self.loader)
        except SpectralkitError as error:
            refused.append(error)
            return Trial(values=point, config=config, error=str(error))
        self._cells[cell.key] = cell
        return Trial(values=point, config=cell.config, key=cell.key)

    def keep(self, store: Store) -> None:
        """The round's points become cells of the store, which remembers what belongs together."""
        plan = Plan(
            title=self.name,
            columns=("method",),
            within=("dataset",),
            improved=None,
            lines=tuple(trial.line for trial in self.trials),
        )
        store.add(self._cells.values(), grid=self.name, plan=plan.as_table())

    def learn(self, store: Store) -> None:
        """The round is done: its scores are in the store, and the sampler is told them."""
        keys = [trial.key for name in self._round if (trial := self._trials[name]).key]
        documents, errors = store.documents(keys), store.errors
        for name in self._round:
            if (trial := self._trials[name]).key:
                scores = documents.get(trial.key, {}).get("scores", {})
                self._trials[name] = attrs.evolve(trial, scores=scores, error=errors.get(trial.key, ""))
        self.sampler.learn([self._trials[name].scores for name in self._round])


def fronts(trials: Sequence[Trial]) -> Iterator[Front]:
    """Those of :data:`FRONTS` whose scores were measured."""
    for names in FRONTS:
        scored = [(trial, pair) for trial in trials if (pair := trial.pair(names)) is not None]
        if scored:
            points = oriented([pair for _, pair in scored], (metric_of(names[0]), metric_of(names[1])))
            members = tuple(scored[i][0] for i in front(points))
            yield Front(names=names, members=members, chosen=scored[chosen(points)][0])
