"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ModelSpec, ParameterizationSpec, hookimpl

PROCESS = "spectralkit_models_ddim.parameterizations:variance_preserving"
DDIM = 'Song, Meng & Ermon 2020, "Denoising Diffusion Implicit Models"'


@hookimpl
def spectralkit_parameterizations() -> tuple[ParameterizationSpec, ...]:
    """Noise, image and velocity prediction on the variance-preserving schedule."""
    return (
        ParameterizationSpec(
            name="ddim",
            target=PROCESS,
            preset=(("target", "eps"),),
            summary="Noise prediction on the variance-preserving schedule",
            citation=DDIM,
        ),
        ParameterizationSpec(
            name="ddim-x0",
            target=PROCESS,
            preset=(("target", "x0"),),
            summary="Image prediction on the variance-preserving schedule",
            citation=DDIM,
        ),
        ParameterizationSpec(
            name="ddim-v",
            target=PROCESS,
            preset=(("target", "v"),),
            summary="Velocity prediction on the variance-preserving schedule",
            citation='Salimans & Ho 2022, "Progressive Distillation for Fast Sampling of Diffusion Models"',
        ),
    )


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """The shipped checkpoints."""
    return (
        _model("ddim", "ddim_model", "velocity"),
        _model("ddim-x0", "ddim_x0_model", "image"),
    )


def _model(name: str, loader: str, predicted: str) -> ModelSpec:
    return ModelSpec(
        name=name,
        target=f"spectralkit_models_ddim.models:{loader}",
        summary=f"Class-conditional U-Net trained to predict the {predicted} on 64x64 histology",
        citation=DDIM,
        dataset="ihc",
        shape=(3, 64, 64),
    )
