"""A search by Optuna for the fronts of several scores.

Points are asked for in rounds of a fixed size, and told in order, so that the search is the same in one process, in
several, and in one that was killed and begun again: it is seeded, and asks the same of whoever tells it the same. What
the store holds is told without being run, and so the store is all that is kept of a search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from spectralkit_bench.sweep.axis import Axis, Point
from spectralkit_bench.sweep.sampler import Scores
from spectralkit_bench.sweep.span import Span
from spectralkit_bench.tables.result import metric_of

ROUND = 8
"""Points that are asked for at once, and the size of a generation."""

SEEDS = 2**32
"""That Optuna knows; a run knows more, and negative ones."""

SAMPLERS: Mapping[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(seed=seed),
    "nsga2": lambda seed: NSGAIISampler(seed=seed, population_size=ROUND),
    "random": lambda seed: RandomSampler(seed=seed),
}


@attrs.define(kw_only=True)
class Search:
    """A search.

    Args:
        axes: What is varied.
        kind: One of :data:`SAMPLERS`.
        trials: How many points are proposed, those that come again among them.
        seed: Of the proposals; any whole number.
        objectives: Metrics, each the better the nearer to its best end.
    """

    axes: tuple[Axis, ...]
    kind: str
    trials: int
    seed: int
    objectives: Sequence[str]
    _study: optuna.Study = attrs.field(init=False)
    _asked: list[Trial] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # it tells of every study on stderr
        better = [metric_of(name).higher_is_better for name in self.objectives]
        self._study = optuna.create_study(
            directions=["maximize" if each else "minimize" for each in better],
            sampler=SAMPLERS[self.kind](self.seed % SEEDS),
        )

    @property
    def left(self) -> int:
        """How many points are still to be proposed."""
        return self.trials - len(self._study.get_trials(deepcopy=False))

    def propose(self) -> list[Point]:
        """The next points."""
        spaces = {axis.name: _distribution(axis) for axis in self.axes}
        self._asked = [self._study.ask(spaces) for _ in range(min(ROUND, self.left))]
        return [{axis.name: _value(axis, trial) for axis in self.axes} for trial in self._asked]

    def learn(self, scores: Sequence[Scores]) -> None:
        """What became of them; a point without all of the objectives has failed."""
        for trial, found in zip(self._asked, scores, strict=True):
            values = [value for name in self.objectives if (value := found.get(name)) is not None]
            if len(values) == len(self.objectives):
                self._study.tell(trial, values)
            else:
                self._study.tell(trial, state=TrialState.FAIL)


def _distribution(axis: Axis) -> BaseDistribution:
    span = axis.values
    if not isinstance(span, Span):
        return CategoricalDistribution(range(len(span)))  # by index, for a value may be anything
    if isinstance(span.low, int) and isinstance(span.high, int):
        return IntDistribution(span.low, span.high, log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)


def _value(axis: Axis, trial: Trial) -> object:
    value = trial.params[axis.name]
    return value if isinstance(axis.values, Span) else axis.values[value]
