"""What one line of a table is made from: the runs of a method in one setting, one a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import attrs

from spectralkit.inversion.expression import methods_of
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit_bench.tables.spread import Spread

Document = Mapping[str, Any]
"""What ``metrics.json`` of a run holds."""


def metric_of(name: str) -> MetricSpec:
    """The spec of a metric."""
    return cast(MetricSpec, registry().resolve("metric", name).spec)


@attrs.frozen(kw_only=True)
class Result:
    """The runs of one line.

    Args:
        labels: What the line is called, by column.
        method: The method's expression.
        documents: ``metrics.json`` by seed, of the runs that are done.
        refusals: Why it cannot be run.
        failures: Why runs of it have failed.
        section: Heading that it stands under; empty for none.
        rivals: Lines of the same rivals compete.
    """

    labels: Mapping[str, str]
    method: str
    documents: Mapping[int, Document] = attrs.field(factory=dict)
    refusals: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    section: str = ""
    rivals: str = ""

    @property
    def missing(self) -> list[str]:
        """Why there are not more runs."""
        told = {"refused": self.refusals, "failed": self.failures}
        return [f"{word}: {reason}" for word, reasons in told.items() for reason in reasons]

    def score(self, name: str) -> Spread | None:
        """A metric's numbers; None where no run has it."""
        values = [_number(one["scores"][name]) for one in self.documents.values() if name in one["scores"]]
        return Spread.of(values) if values else None

    def detail(self, metric: str, name: str) -> Spread | None:
        """Numbers beside a metric's score; None where no run has them."""
        found = [one["details"].get(metric, {}).get(name) for one in self.documents.values()]
        values = [float(value) for value in found if isinstance(value, int | float)]
        return Spread.of(values) if values else None

    def cost(self, kind: str) -> Spread:
        """Network evaluations a sample, ``forwards`` or ``backwards``."""
        return Spread.of(float(one["cost"][kind]) for one in self.documents.values())

    @property
    def seconds(self) -> Spread:
        """Wall time."""
        return Spread.of(float(one["seconds"]) for one in self.documents.values())

    @property
    def samples(self) -> int:
        """N."""
        return int(next(iter(self.documents.values()))["samples"])

    def competes(self, name: str) -> bool:
        """Whether its value of a metric competes: that of latents which no inversion made does not."""
        return "latent" not in metric_of(name).inputs or all(spec.inverts for spec in methods_of(self.method))


def _number(value: float | None) -> float:
    """A score as JSON holds it: null is one that was not finite."""
    return math.nan if value is None else float(value)
