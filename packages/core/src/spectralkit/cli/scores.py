"""Scores and diagnostics as tables, with what each of them says, as ``run`` and ``evaluate`` print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from spectralkit.cli.output import print_table
from spectralkit.inversion.expression import methods_of
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec


def print_scores(title: str, scores: Mapping[str, float], details: Mapping[str, Mapping[str, float | str]]) -> None:
    """Print each metric's score, which way is better, the numbers beside it, and what it asks."""
    rows, told = [], []
    for name, score in scores.items():
        spec = cast(MetricSpec, registry().resolve("metric", name).spec)
        told.append((name, " ".join(filter(None, (spec.question or f"{spec.summary}.", spec.yardstick)))))
        beside = ", ".join(f"{key} {short(value)}" for key, value in details[name].items() if key != "N")
        rows.append((name, f"{score:.4f}", spec.better, beside))
    print_table(("metric", "score", "better", "details"), rows, title=title)
    print()
    print_table(("metric", "what it asks"), told)


def print_diagnostics(method: str, means: Mapping[str, float]) -> None:
    """Print what a method recorded, averaged, and what it means."""
    specs = methods_of(method)
    rows = [
        (name, short(mean), next(filter(None, (spec.meaning(name) for spec in specs)), ""))
        for name, mean in means.items()
    ]
    print_table(("diagnostic", "mean", "meaning"), rows)


def short(value: float | str) -> str:
    """A number in four digits, text as it is."""
    return value if isinstance(value, str) else f"{value:.4g}"
