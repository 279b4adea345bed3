"""The shipped EDM checkpoint."""

from __future__ import annotations

from importlib.resources import as_file, files

from spectralkit.models.legacy import load_checkpoint
from spectralkit.models.model import Model


def edm_model() -> Model:
    """A class-conditional U-Net trained with EDM on 64x64 crops of ``ihc``."""
    with as_file(files("spectralkit_models_edm") / "checkpoint") as directory:
        return load_checkpoint(directory, "edm")
