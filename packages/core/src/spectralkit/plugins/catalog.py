"""What the packages of this project provide, whether installed or not: the source of ``pip install`` hints.

Nothing is promised here that does not exist.
"""

from __future__ import annotations

_PROVIDES: dict[str, dict[str, tuple[str, ...]]] = {
    **{
        f"spectralkit-methods-{name}": {"method": (name,)}
        for name in (
            *("ovg", "taba", "null-class", "negative-prompt", "direct", "renoise"),
            *("edict", "bdia", "sdedit", "cyclediffusion", "heun", "ancestral"),
        )
    },
    "spectralkit-methods-cyclediff": {"method": ("cyclediff",), "command": ("train-cyclediff",)},
    "spectralkit-metrics-spectral": {"metric": ("s-g", "s-dc", "autocorrelated-ratio", "s-hf", "s-lf", "s-lf-target")},
    "spectralkit-metrics-image": {"metric": ("psnr", "ssim", "ms-ssim", "haarpsi")},
    "spectralkit-metrics-perceptual": {
        "metric": ("lpips", "fid", "kid", "fd-lite0", "kd-lite0"),
        "command": ("weights",),
    },
    "spectralkit-bench": {"command": ("compare", "bench", "sweep", "figures", "report")},
    "spectralkit-models-ddim": {"model": ("ddim", "ddim-x0"), "parameterization": ("ddim", "ddim-x0", "ddim-v")},
    "spectralkit-models-edm": {"model": ("edm-pixel",), "parameterization": ("edm",)},
    "spectralkit-models-flow": {"parameterization": ("flow",)},
    "spectralkit-models-diffusers": {"model": ("diffusers",)},
    "spectralkit-models-latent": {"model": ("ddim-latent", "edm-latent", "edm", "dit-latent")},
    "spectralkit-models-training": {"command": ("train", "train-autoencoder")},
    "spectralkit-datasets-bbbc021": {"dataset": ("bbbc021",)},
    "spectralkit-datasets-celebamask": {"dataset": ("celebamask",)},
    "spectralkit-datasets-cells": {"dataset": ("cells",)},
    "spectralkit-datasets-edges2shoes": {"dataset": ("edges2shoes",)},
    "spectralkit-datasets-folder": {"dataset": ("folder",)},
    "spectralkit-datasets-ihc": {"dataset": ("ihc",)},
}

MARKS = {
    "diffusers": (
        "model_index.json",
        "diffusion_pytorch_model*",
        "scheduler_config.json",
        "scheduler/scheduler_config.json",
    )
}
"""Files that tell which model can be loaded from a directory, whether its package is installed or not."""


def known(kind: str) -> dict[str, str]:
    """Name to distribution, of everything of ``kind`` in this project."""
    return {name: package for package, provides in _PROVIDES.items() for name in provides.get(kind, ())}
