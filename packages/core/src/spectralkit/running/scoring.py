"""Metrics by their names, fed batch by batch, and what they say of each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import attrs
from torch import Tensor

from spectralkit.metric import Score
from spectralkit.plugins.registered import ContractError, Registered, blame
from spectralkit.plugins.specs import MetricSpec
from spectralkit.plugins.text import brief


@attrs.frozen(eq=False)
class NamedMetric:
    """A metric with the spec that says what to feed it."""

    name: str
    registered: Registered
    metric: Score

    @property
    def spec(self) -> MetricSpec:
        """What its plugin declares."""
        return cast(MetricSpec, self.registered.spec)

    def update(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """Feed one batch; the per-sample values, where the metric has any."""
        given = {name: inputs[name] for name in self.spec.inputs}
        with blame(self.registered):
            self.metric.update(**given)
            values, count = self.metric.values, len(inputs["generated"])
            if values is not None and (not isinstance(values, Tensor) or tuple(values.shape) != (count,)):
                raise ContractError(self.metric, f"has the values {brief(values)}, expected a tensor of {count}")
            return values

    def score(self) -> float:
        """The number it has come to."""
        with blame(self.registered):
            return float(self.metric.compute())

    def details(self) -> dict[str, float | str]:
        """The numbers beside it."""
        with blame(self.registered):
            found = dict(self.metric.details())
            if not all(isinstance(value, int | float | str) for value in found.values()):
                raise ContractError(self.metric, f"has the details {brief(found)}, expected numbers and text")
            return {str(name): value for name, value in found.items()}


def feed(metrics: Iterable[NamedMetric], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Feed one batch; the per-sample values (B,) of those metrics that have any."""
    return {metric.name: values for metric in metrics if (values := metric.update(inputs)) is not None}


def tabulated(ids: Sequence[str], columns: Mapping[str, Tensor]) -> Iterator[dict[str, Any]]:
    """A row per sample: its id, and its value in every column (B,)."""
    for i, identifier in enumerate(ids):
        yield {"id": identifier, **{name: float(values[i]) for name, values in columns.items()}}
