"""What the shipped models draw from pure noise: the best that any translation by them can look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pages.markdown import code, table
from pages.reproduction.plan import installed
from spectralkit import generate, load_dataset, load_metric, load_model
from spectralkit.metric import Score
from spectralkit_bench.grid.block import SEEDS
from spectralkit_bench.tables.spread import Spread

DATASET, CONDITION, COUNT = "ihc", "high", 64
METRICS: dict[str, dict[str, Any]] = {"kd-lite0": {}, "fd-lite0": {}, "s-hf": {"pixel_range": 1.0}}
"""With the parameters they are taken with."""


def priors(seeds: Sequence[int] = SEEDS, count: int = COUNT) -> str:
    """A row a model, over seeds."""
    dataset = load_dataset(DATASET)
    metrics = {name: load_metric(name, dataset=dataset, **parameters) for name, parameters in METRICS.items()}
    rows = []
    for role in installed():
        model = load_model(role.source)
        drawn = [generate(model, CONDITION, count, seed=seed) for seed in seeds]
        rows.append((code(role.source), *(_told(name, metric, drawn) for name, metric in metrics.items())))
    return table(("model", *map(code, METRICS)), rows)


def _told(name: str, metric: Score, drawn: Sequence[Tensor]) -> str:
    scores = []
    for images in drawn:
        metric.reset()
        metric.update(generated=images)
        scores.append(float(metric.compute()))
    return Spread.of(scores).told(1 if name == "fd-lite0" else 3)
