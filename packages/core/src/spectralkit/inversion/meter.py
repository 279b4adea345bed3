"""The count of what a method costs, and what it notes on the way."""

from __future__ import annotations

from collections import defaultdict

import attrs
from torch import Tensor


@attrs.frozen
class Cost:
    """Network evaluations per sample: forwards F and backwards (vector-Jacobian products) B."""

    forwards: float = 0.0
    backwards: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.forwards + other.forwards, self.backwards + other.backwards)


@attrs.define(eq=False)
class Meter:
    """Counts evaluations and collects diagnostics while a method runs.

    Args:
        batch: Number of samples; evaluations of fewer rows count as fractions.
    """

    batch: int
    forward_rows: int = 0
    backward_rows: int = 0
    records: dict[str, list[Tensor]] = attrs.field(factory=lambda: defaultdict(list))

    def record(self, name: str, values: Tensor) -> None:
        """Keep one diagnostic value per sample, (B,), for this step: it comes back in ``Output.records``, and a run
        writes its mean over the steps to ``samples.csv``. Its name, best ``method/what``, must be no metric's.
        """
        self.records[name].append(values.detach().flatten())

    @property
    def cost(self) -> Cost:
        """Evaluations per sample so far."""
        return Cost(self.forward_rows / self.batch, self.backward_rows / self.batch)
