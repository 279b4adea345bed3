"""Registration."""

from __future__ import annotations

from spectralkit.plugins import ModelSpec, hookimpl

FILES = ("model_index.json", "diffusion_pytorch_model*", "scheduler_config.json", "scheduler/scheduler_config.json")


@hookimpl
def spectralkit_models() -> tuple[ModelSpec, ...]:
    """What diffusers saves."""
    return (
        ModelSpec(
            name="diffusers",
            target="spectralkit_models_diffusers.loading:load",
            summary="Any pipeline or network that diffusers saved: name its directory or hub id in this name's place",
            citation="von Platen et al. 2022, https://github.com/huggingface/diffusers",
            dataset="",
            files=FILES,
            shape_of="spectralkit_models_diffusers.shape:shape_of",
        ),
    )
