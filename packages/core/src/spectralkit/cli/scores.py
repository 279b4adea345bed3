"""Scores as a table, as ``run`` and ``evaluate`` print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from spectralkit.cli.output import print_table
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec


def print_scores(title: str, scores: Mapping[str, float], details: Mapping[str, Mapping[str, float | str]]) -> None:
    """Print each metric's score, which way is better, and the numbers beside it."""
    rows = []
    for name, score in scores.items():
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        beside = ", ".join(f"{key} {short(value)}" for key, value in details[name].items() if key != "N")
        rows.append((name, f"{score:.4f}", spec.better, beside))
    print_table(("metric", "score", "better", "details"), rows, title=title)


def short(value: float | str) -> str:
    """A number in four digits, text as it is."""
    return value if isinstance(value, str) else f"{value:.4g}"
