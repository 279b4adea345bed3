"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Heun's step."""
    return (
        MethodSpec(
            name="heun",
            target="spectralkit_methods_heun.heun:heun",
            summary="Heun's second-order step, up and down: twice the evaluations, an error quadratic in the step",
            citation='Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models"',
            cost="2 N F + 2 N F",
        ),
    )
