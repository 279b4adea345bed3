"""What a number means, in the words of whoever computes it: a metric's spec and docstring, a method's diagnostics."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import cast

import attrs

from spectralkit.errors import SpectralkitError
from spectralkit.plugins.registered import Registered
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MetricSpec
from spectralkit_bench.finished import Finished
from spectralkit_bench.report.verdict import specs

ENERGY = "energy"


@attrs.frozen
class Explanation:
    """A score for a reader who does not know it.

    Args:
        name: Of the metric.
        question: What it asks.
        better: Which way is better, in words.
        between: The smallest and the largest score, in words.
        yardstick: What known things score.
        formula: What it computes.
        source: Where it comes from.
        spec: The metric's, where it is installed.
    """

    name: str
    question: str
    better: str = ""
    between: str = ""
    yardstick: str = ""
    formula: str = ""
    source: str = ""
    spec: MetricSpec | None = None


OF_ENERGY = Explanation(
    name=ENERGY,
    question="How much of the energy of white noise does the latent have?",
    better="near 1 is better",
    between="from 0",
    yardstick="White noise has 1. A collapsed latent has less: what its source lacks in detail, it lacks in energy.",
    formula="Mean square of the latent's values, after division by the scale of its noise level.",
)


def explain(name: str) -> Explanation:
    """A metric explained; one that is not installed any more is told as such."""
    if name == ENERGY:
        return OF_ENERGY
    try:
        registered = registry().resolve("metric", name)
        spec = cast(MetricSpec, registered.spec)
    except SpectralkitError:
        return Explanation(name, "This metric is not installed here, so nothing more is known of it than its numbers.")
    return Explanation(
        name=name,
        question=spec.question or spec.summary,
        better=f"{spec.better} is better" if spec.better != "target" else "nearer to that of real images is better",
        between=_between(*spec.range),
        yardstick=spec.yardstick,
        formula=" ".join(filter(None, (f"{spec.summary}." if spec.question else "", _documented(registered)))),
        source=f"{spec.citation + '; ' if spec.citation else ''}{registered.distribution} {registered.version}",
        spec=spec,
    )


def _documented(metric: Registered) -> str:
    """The first paragraph of what the code says of itself."""
    try:
        told = inspect.getdoc(registry().load(metric)) or ""
    except SpectralkitError:
        return ""
    return " ".join(told.split("\n\n")[0].replace("``", "").split())


def _between(low: float, high: float) -> str:
    ends = [f"{word} {end:g}" for word, end in (("from", low), ("to", high)) if math.isfinite(end)]
    return " ".join(ends) or "any number"


def diagnostics(runs: Sequence[Finished]) -> dict[str, str]:
    """The diagnostics of all runs with their meaning, as far as a method tells it."""
    told = [spec for run in runs for spec in specs(run.config.method)]
    names = dict.fromkeys(name for run in runs for name in run.document["diagnostics"])
    silent = "The method does not say what this is."
    return {name: next(filter(None, (spec.meaning(name) for spec in told)), silent) for name in names}
