"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ModelSpec, hookimpl


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The shipped checkpoints."""
    return (
        ModelSpec(
            name="ddim-latent",
            target="spectralkit_models_latent.models:shipped",
            preset=(("name", "ddim-latent"),),
            summary="Class-conditional latent U-Net of 64x64 histology, on the variance-preserving schedule",
            citation='Rombach et al. 2022, "High-Resolution Image Synthesis with Latent Diffusion Models"',
            dataset="ihc",
        ),
    )
