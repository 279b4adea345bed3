"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """Ancestral sampling."""
    return (
        MethodSpec(
            name="ancestral",
            target="spectralkit_methods_ancestral.ancestral:ancestral",
            summary="Samples stochastically: each step renews a share of the noise",
            citation='Song, Meng & Ermon 2021, "Denoising Diffusion Implicit Models"; Ho, Jain & Abbeel 2020',
            stochastic=True,
            cost="N F + N F",
            state="x_T, and the noises {z} where the inversion recorded them",
        ),
    )
