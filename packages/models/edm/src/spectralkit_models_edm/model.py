"""The shipped EDM checkpoint."""

from __future__ import annotations

from importlib.resources import as_file, files

from spectralkit.models.legacy import load_checkpoint
from spectralkit.models.model import Model


def edm_model(start_noise: float | None = None) -> Model:
    """A class-conditional U-Net trained with EDM on 64x64 crops of ``ihc``.

    Args:
        start_noise: Standard deviation of the noise added to a clean image before inversion; None is ``sigma_min``.
    """
    with as_file(files("spectralkit_models_edm") / "checkpoint") as directory:
        return load_checkpoint(directory, "edm", {"start_noise": start_noise})
