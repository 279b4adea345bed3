"""The shipped checkpoints, each a diffusers directory of its own, autoencoder included."""

from __future__ import annotations

import attrs

from spectralkit.diffusion.schedule import Final
from spectralkit.models.checkpoint import load_shipped
from spectralkit.models.model import Model

PACKAGE = "spectralkit_models_latent"


def variance_preserving(name: str, final: Final = "level") -> Model:
    """A model of latents that diffuse with bounded variance, trained on 64x64 crops of ``ihc``.

    Args:
        name: Which one.
        final: What the clean level is: the ``level`` of timestep 0, with a little noise, or ``clean``, without any.
    """
    return load_shipped(PACKAGE, name, final=final)


def variance_exploding(name: str, checkpoint: str, start_noise: float | None = None) -> Model:
    """A model of latents on EDM's schedule, trained on 64x64 crops of ``ihc``.

    Args:
        name: What it is called.
        checkpoint: Which one.
        start_noise: Standard deviation of the noise added to a clean latent before inversion; None is ``sigma_min``.
    """
    return attrs.evolve(load_shipped(PACKAGE, checkpoint, start_noise=start_noise), name=name)
