"""Registration."""

from __future__ import annotations

from spectralkit.plugins import MethodSpec, hookimpl


@hookimpl
def spectralkit_methods() -> tuple[MethodSpec, ...]:
    """CycleDiffusion."""
    return (
        MethodSpec(
            name="cyclediffusion",
            target="spectralkit_methods_cyclediffusion.cyclediffusion:cyclediffusion",
            summary="Encodes the source as the noises of a stochastic sampler, and decodes them under the target",
            citation='Wu & De la Torre 2023, "A Latent Space of Stochastic Diffusion Models" (CycleDiffusion)',
            stochastic=True,
            inverts=False,
            cost="(M - 1) F + M F, M = (1 - skip) N",
            state="x_M and the noises {z} of its M - 1 stochastic transitions, in float64",
        ),
    )
