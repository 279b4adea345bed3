"""The shipped checkpoints, each a diffusers directory."""

from __future__ import annotations

from spectralkit.diffusion.schedule import Final
from spectralkit.models.checkpoint import load_shipped
from spectralkit.models.model import Model

PACKAGE = "spectralkit_models_ddim"


def ddim_model(final: Final = "clean") -> Model:
    """A class-conditional U-Net trained to predict the velocity on 64x64 crops of ``ihc``.

    Args:
        final: What the clean level is: ``clean``, without any noise, or the ``level`` of timestep 0, with a little.
    """
    return load_shipped(PACKAGE, "ddim", final=final)


def ddim_x0_model() -> Model:
    """The same network on the same schedule, trained to predict the image."""
    return load_shipped(PACKAGE, "ddim-x0")
