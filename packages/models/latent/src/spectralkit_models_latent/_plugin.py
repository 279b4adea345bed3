"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ModelSpec, hookimpl

ROMBACH = 'Rombach et al. 2022, "High-Resolution Image Synthesis with Latent Diffusion Models"'


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The shipped checkpoints."""
    unet = "Class-conditional latent U-Net of 64x64 histology"
    return (_spec("ddim-latent", "variance_preserving", f"{unet}, on the variance-preserving schedule", ROMBACH),)


def _spec(name: str, loader: str, summary: str, citation: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        target=f"spectralkit_models_latent.models:{loader}",
        preset=(("name", name),),
        summary=summary,
        citation=citation,
        dataset="ihc",
    )
