"""The shipped checkpoint, a diffusers directory."""

from __future__ import annotations

from spectralkit.models.checkpoint import load_shipped
from spectralkit.models.model import Model


def edm_model(start_noise: float | None = None) -> Model:
    """A class-conditional U-Net trained with EDM on 64x64 crops of ``ihc``.

    Args:
        start_noise: Standard deviation of the noise added to a clean image before inversion; None is ``sigma_min``.
    """
    return load_shipped("spectralkit_models_edm", "edm-pixel", start_noise=start_noise)
