"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ModelSpec, hookimpl

ROMBACH = 'Rombach et al. 2022, "High-Resolution Image Synthesis with Latent Diffusion Models"'
KARRAS = 'Karras, Aittala, Aila & Laine 2022, "Elucidating the Design Space of Diffusion-Based Generative Models"'
PEEBLES = 'Peebles & Xie 2023, "Scalable Diffusion Models with Transformers"'


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The shipped checkpoints."""
    unet, dit = "Class-conditional latent U-Net of 64x64 histology", "Class-conditional latent DiT of 64x64 histology"
    edm = f"{unet}, on EDM's schedule"
    return (
        _spec("ddim-latent", "variance_preserving", f"{unet}, on the variance-preserving schedule", ROMBACH),
        _spec("edm-latent", "variance_exploding", edm, f"{ROMBACH}; {KARRAS}", checkpoint="edm-latent"),
        _spec(
            "edm", "variance_exploding", f"{edm}: edm-latent for short", f"{ROMBACH}; {KARRAS}", checkpoint="edm-latent"
        ),
        _spec("dit-latent", "variance_preserving", f"{dit}, on the variance-preserving schedule", PEEBLES),
    )


def _spec(name: str, loader: str, summary: str, citation: str, **preset: object) -> ModelSpec:
    return ModelSpec(
        name=name,
        target=f"spectralkit_models_latent.models:{loader}",
        preset=(("name", name), *preset.items()),
        summary=summary,
        citation=citation,
        dataset="ihc",
        shape=(3, 64, 64),
    )
