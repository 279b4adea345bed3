"""The shipped checkpoints, each a diffusers directory of its own, autoencoder included."""

from __future__ import annotations

from importlib.resources import as_file, files

from spectralkit.models.checkpoint import load_checkpoint
from spectralkit.models.model import Model


def shipped(name: str) -> Model:
    """The checkpoint of a name, trained on 64x64 crops of ``ihc``."""
    with as_file(files("spectralkit_models_latent") / "checkpoints" / name) as directory:
        return load_checkpoint(directory, name)
