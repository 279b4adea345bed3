"""What the shipped models draw from pure noise: the best that any translation by them can look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pages.markdown import code, table
from pages.reproduction.plan import installed
from spectralkit import generate, load_dataset, load_metric, load_model
from spectralkit.data import TranslationDataset
from spectralkit_bench.grid.block import SEEDS
from spectralkit_bench.tables.spread import Spread

DATASET, CONDITION, COUNT = "ihc", "high", 64
METRICS: dict[str, dict[str, Any]] = {"kd-lite0": {}, "fd-lite0": {}, "s-hf": {"pixel_range": 1.0}}
"""With the parameters they are taken with."""


def priors(seeds: Sequence[int] = SEEDS, count: int = COUNT) -> str:
    """A row a model, over seeds."""
    dataset = load_dataset(DATASET)
    rows = []
    for role in installed():
        model = load_model(role.source)
        drawn = [generate(model, CONDITION, count, seed=seed) for seed in seeds]
        rows.append((code(role.source), *(_told(metric, drawn, dataset) for metric in METRICS)))
    return table(("model", *map(code, METRICS)), rows)


def _told(metric: str, drawn: Sequence[Tensor], dataset: TranslationDataset) -> str:
    scores = []
    for images in drawn:
        score = load_metric(metric, dataset=dataset, **METRICS[metric])
        score.update(generated=images)
        scores.append(float(score.compute()))
    return Spread.of(scores).told(1 if metric == "fd-lite0" else 3)
