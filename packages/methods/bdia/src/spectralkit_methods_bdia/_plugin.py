"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """BDIA."""
    return (
        MethodSpec(
            name="bdia",
            target="spectralkit_methods_bdia.bdia:bdia",
            summary="Inverts exactly with a two-step solver that reads the same in both directions",
            citation='Zhang, Lewis & Kleijn 2024, "Exact Diffusion Inversion via Bidirectional Integration '
            'Approximation"',
            invertible=True,
            cost="N F + (N - 1) F",
            state="the pair (x_T, x_T-1)",
        ),
    )
