"""The shipped DDIM (noise-prediction) checkpoint."""

from __future__ import annotations

from importlib.resources import as_file, files

from spectralkit.models.legacy import load_checkpoint
from spectralkit.models.model import Model


def ddim_model() -> Model:
    """A class-conditional U-Net trained to predict the noise on 64x64 crops of ``ihc``."""
    with as_file(files("spectralkit_models_ddim") / "checkpoint") as directory:
        return load_checkpoint(directory, "ddim")
