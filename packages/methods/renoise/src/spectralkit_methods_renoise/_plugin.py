"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """ReNoise."""
    return (
        MethodSpec(
            name="renoise",
            target="spectralkit_methods_renoise.renoise:renoise",
            summary="Solves the implicit inversion equation by fixed-point iteration, with regularised noise estimates",
            citation='Garibi, Patashnik, Voynov, Averbuch-Elor & Cohen-Or 2024, "ReNoise: Real Image Inversion '
            'Through Iterative Noising"',
            stochastic=True,
            cost="N (K + 1) F, + F a step that is regularised, + F a step whose noise is corrected, + N F",
            state="x_T, and the noises {z} where a stochastic sampler is inverted",
            diagnostics=(
                (
                    "renoise/log-residual-*",
                    "Logarithm of how far this iteration still moved the state; it falls where the iteration converges",
                ),
            ),
        ),
    )
