"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ModelSpec, ParameterizationSpec, hookimpl

CITATION = 'Karras, Aittala, Aila & Laine 2022, "Elucidating the Design Space of Diffusion-Based Generative Models"'


@hookimpl
def spectralkit_parameterizations() -> tuple[ParameterizationSpec, ...]:
    """EDM."""
    return (
        ParameterizationSpec(
            name="edm",
            target="spectralkit_models_edm.parameterization:edm",
            summary="Preconditioned denoiser on the Karras schedule (variance exploding)",
            citation=CITATION,
        ),
    )


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The shipped checkpoint."""
    return (
        ModelSpec(
            name="edm-pixel",
            target="spectralkit_models_edm.model:edm_model",
            summary="Class-conditional U-Net trained with EDM on the pixels of 64x64 histology",
            citation=CITATION,
            dataset="ihc",
            shape=(3, 64, 64),
        ),
    )
