"""What this package provides; imports no torch."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, MetricSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Energy matching."""
    return (
        MethodSpec(
            name="energy-match",
            target="spectralkit_example.energy_match:energy_match",
            summary="Rescales the predicted noise of each inversion step to the energy of white noise",
            cost="N F + N F",
        ),
    )


@hookimpl
def spectralkit_metrics() -> tuple[MetricSpec, ...]:
    """Total variation."""
    return (
        MetricSpec(
            name="total-variation",
            target="spectralkit_example.total_variation:TotalVariation",
            summary="Ratio of the total variations of output and reference, folded so that 1 is best",
            inputs=("generated", "reference"),
            higher_is_better=True,
        ),
    )
