"""The contract of a metric, and the mean of per-sample scores that most metrics are.

A metric is a :class:`torchmetrics.Metric`: ``update`` takes the inputs its spec declares, by place or by name;
``compute`` returns the score. A metric that has a value per sample subclasses :class:`MeanScore` and writes only
``score``.
"""

from __future__ import annotations

import functools
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from spectralkit.caches import shelter_matplotlib
from spectralkit.errors import DataError
from spectralkit.metric.inputs import check_tensor
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import brief
from spectralkit.torchvision_fix import repair_torchvision

shelter_matplotlib()
repair_torchvision()

from torchmetrics import Metric  # noqa: E402  (importable only after the repair; it imports matplotlib)

HABITS = frozenset(
    {
        "compute_on_cpu",
        "compute_with_cache",
        "dist_sync_fn",
        "dist_sync_on_step",
        "distributed_available_fn",
        "process_group",
        "sync_on_compute",
    }
)
"""Keywords of every torchmetrics metric, which none of ours declares."""

ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

_habits: ContextVar[Mapping[str, Any]] = ContextVar("habits", default=MappingProxyType({}))


@contextmanager
def accustomed(habits: Mapping[str, Any]) -> Iterator[None]:
    """Scores built here follow these of :data:`HABITS`, whatever their own constructors take."""
    token = _habits.set(habits)
    try:
        yield
    finally:
        _habits.reset(token)


class Score(Metric, ABC):
    """A metric of this toolkit.

    ``details`` are the numbers a reader needs beside the score (N, a p-value, a reference statistic with its range).

    A score keeps to itself: in a collection it is computed from its own states, a batch that ``forward`` refuses
    leaves no trace, and its sums and networks move between devices but keep their precision.
    """

    full_state_update = False

    declared_by: ClassVar[str] = "update"
    """The method whose parameters are the metric's inputs."""

    values: Tensor | None = None
    """Per-sample values (B,) of the latest update, or None for a metric of the whole data set."""

    alone: Tensor

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        written = vars(cls.update).get("written", cls.update)  # not a parent's, which takes the parent's inputs
        cls.update = by_place_or_name(written, getattr(cls, cls.declared_by))  # type: ignore[method-assign]

    def __init__(self, **habits: Any) -> None:
        super().__init__(**{**_habits.get(), **habits})
        # A collection takes two metrics for one if states of the same names are equal after the first batch, which
        # those of unlike metrics may well be. NaN equals nothing.
        self.add_state("alone", torch.tensor(math.nan), dist_reduce_fx="max")

    def __getattr__(self, name: str) -> Tensor | nn.Module:
        """What torch keeps of a module: of none whose own constructor leaves out that of its parent."""
        if "_modules" not in vars(self) and not name.startswith("__"):  # copying asks an empty shell for the latter
            raise ContractError(type(self), "does not begin its __init__ with super().__init__(): let it")
        return super().__getattr__(name)

    def details(self) -> Mapping[str, float | str]:
        """Numbers to print beside the score."""
        return {}

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tensor:
        """Take a batch as ``update`` does, and return the score of that batch alone."""
        before = vars(self) | self.states
        try:
            score: Tensor = super().forward(*inputs, **named)
        except BaseException:
            vars(self).update(before)
            raise
        return score

    def reset(self) -> None:
        """Forget every batch."""
        super().reset()
        self.values = None

    @property
    def states(self) -> dict[str, Any]:
        """What it has seen, for another instance to absorb, in another process too."""
        return {name: s[:] if isinstance(s, list) else s.clone() for name, s in self.metric_state.items()}

    def absorb(self, states: Mapping[str, Any]) -> None:
        """See what another instance has seen; lists of it go in front of what is there."""
        if self.update_called:
            self.merge_state(dict(states))
        else:
            for name, state in states.items():
                setattr(self, name, state)
        self._update_count += 1
        self._computed = None

    def plot(self, val: Any = None, ax: Any = None) -> Any:
        """Plot the score, or what is given, as torchmetrics does: (figure, axes); needs matplotlib."""
        return self._plot(val, ax)

    def _apply(self, fn: Callable[[Tensor], Tensor], *rest: Any, **named: Any) -> Self:
        def moved(tensor: Tensor) -> Tensor:
            there = fn(tensor)
            return there if there.dtype == tensor.dtype else tensor.to(there.device)

        super()._apply(moved, *rest, **named)
        return self


def by_place_or_name(update: Callable[..., None], declaring: Callable[..., object]) -> Callable[..., None]:
    """``update`` with the inputs that ``declaring`` has as its parameters, by place or by name, each of them a tensor.

    It shows their names: from these a :class:`torchmetrics.MetricCollection` knows what to hand to which metric.
    """
    declared = inspect.signature(declaring)
    parameters = [p.replace(kind=p.POSITIONAL_OR_KEYWORD) for p in declared.parameters.values() if p.kind not in ANY]
    if len(parameters) < len(declared.parameters):
        return update  # a class that leaves its inputs to its subclasses
    placed = inspect.Signature(sorted(parameters, key=lambda p: p.default is not p.empty))

    @functools.wraps(update)
    def bound(self: Score, *inputs: Tensor, **named: Tensor) -> None:
        metric = type(self).__name__
        try:
            (_, me), *given = placed.bind(self, *inputs, **named).arguments.items()
        except TypeError as error:
            takes = " and ".join(p.name for p in parameters[1:])
            raise DataError(f"{metric}.update takes {takes}: {error}") from None
        for name, value in given:
            check_tensor(metric, name, value)
        update(me, **dict(given))

    vars(bound).update(written=update, __wrapped__=declaring)
    return bound


class MeanScore(Score):
    """The mean of a per-sample score; its state is a sum and a count, whatever the number of samples."""

    declared_by = "score"
    total: Tensor
    count: Tensor

    def __init__(self, **habits: Any) -> None:
        super().__init__(**habits)
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    @abstractmethod
    def score(self, *inputs: Any, **named: Any) -> Tensor:
        """Per-sample values (B,) of the inputs, which the parameters name."""

    def update(self, **inputs: Tensor) -> None:
        """Take a batch.

        Raises:
            ContractError: If ``score`` gives no value per sample: the mean of means would weigh batches, not samples.
        """
        values, batch = self.score(**inputs), len(next(iter(inputs.values())))
        if not isinstance(values, Tensor) or tuple(values.shape) != (batch,):
            found = tuple(values.shape) if isinstance(values, Tensor) else brief(values)
            raise ContractError(type(self), f"scored {found} for a batch of {batch}, expected a tensor ({batch},)")
        self.values = values
        self.total += values.double().sum()
        self.count += batch

    def compute(self) -> Tensor:
        """The mean of all values."""
        if self.count == 0:
            raise DataError(f"{type(self).__name__} has seen no sample: call update first")
        return self.total / self.count
