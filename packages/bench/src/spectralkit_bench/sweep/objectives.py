"""What a sweep is for: pairs of scores of which one is gained for the other, and who looks for their fronts."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.running.config import DEFAULT_METRICS, RunConfig
from spectralkit_bench.sweep.axis import Axis
from spectralkit_bench.sweep.sampler import Combinations, Sampler

FRONTS = (("s-hf", "s-lf"), ("kd-lite0", "s-lf"))
"""What is gained, and what for."""

SAMPLERS = ("grid", "tpe", "nsga2", "random")

TRIALS = 48
"""Points of a search by default."""


def scored(base: RunConfig) -> RunConfig:
    """With the metrics of the fronts, where others are not asked for."""
    installed = registry().names("metric")
    wanted = tuple(name for name in (*DEFAULT_METRICS, "kd-lite0") if name in installed)
    return base if base.metrics is not None else attrs.evolve(base, metrics=wanted)


def objectives(metrics: Sequence[str]) -> tuple[str, ...]:
    """Those of ``metrics`` that have a front.

    Raises:
        ConfigurationError: If there is none.
    """
    found = dict.fromkeys(name for names in FRONTS if set(names) <= set(metrics) for name in names)
    if not found:
        told = ", or ".join(f"{a} and {b}" for a, b in FRONTS)
        raise ConfigurationError(f"a search needs the scores of a front: name {told} in --metrics")
    return tuple(found)


def sampler(kind: str, axes: tuple[Axis, ...], base: RunConfig, trials: int | None) -> Sampler:
    """Who proposes the points.

    Args:
        kind: One of :data:`SAMPLERS`.
        axes: What is varied.
        base: A run of the sweep; its seed is that of the search.
        trials: How many points of a search; None for :data:`TRIALS`.

    Raises:
        ConfigurationError: If they do not go together, or Optuna is not installed.
    """
    if trials is not None and trials < 1:
        raise ConfigurationError(f"--trials must be at least 1, got {trials}")
    if kind == "grid":
        if trials is not None:
            raise ConfigurationError("--trials belongs to a search, a grid runs every combination: choose a --sampler")
        return Combinations(axes)
    wanted = objectives(base.metrics or ())
    try:
        from spectralkit_bench.sweep.search import Search
    except ImportError as error:
        raise ConfigurationError(
            f"sampler {kind} needs Optuna ({error}): pip install 'spectralkit-bench[optuna]'"
        ) from error
    return Search(axes=axes, kind=kind, trials=trials or TRIALS, seed=base.seed, objectives=wanted)
