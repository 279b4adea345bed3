"""Registration."""

from __future__ import annotations

import attrs

from spectralkit.plugins import ModelSpec, hookimpl

ROMBACH = 'Rombach et al. 2022, "High-Resolution Image Synthesis with Latent Diffusion Models"'
KARRAS = 'Karras, Aittala, Aila & Laine 2022, "Elucidating the Design Space of Diffusion-Based Generative Models"'
PEEBLES = 'Peebles & Xie 2023, "Scalable Diffusion Models with Transformers"'


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The shipped checkpoints."""
    unet, dit = "Class-conditional latent U-Net of 64x64 histology", "Class-conditional latent DiT of 64x64 histology"
    vp, ve = "variance_preserving", "variance_exploding"
    edm = _spec("edm-latent", ve, f"{unet}, on EDM's schedule", f"{ROMBACH}; {KARRAS}")
    return (
        _spec("ddim-latent", vp, f"{unet}, on the variance-preserving schedule", ROMBACH),
        edm,
        attrs.evolve(edm, name="edm", summary=f"{edm.summary}: edm-latent, by its short name"),
        _spec("dit-latent", vp, f"{dit}, on the variance-preserving schedule", PEEBLES),
    )


def _spec(checkpoint: str, loader: str, summary: str, citation: str) -> ModelSpec:
    return ModelSpec(
        name=checkpoint,
        target=f"spectralkit_models_latent.models:{loader}",
        preset=(("name", checkpoint),),
        summary=summary,
        citation=citation,
        dataset="ihc",
        shape=(3, 64, 64),
    )
