"""The autoencoder of a latent diffusion."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import DataError
from spectralkit.models.card import Posterior
from spectralkit.models.checkpoint import AUTOENCODERS
from spectralkit.models.documents import CONFIG
from spectralkit.models.latent import LatentCodec
from spectralkit.models.pretrained import load_part
from spectralkit.plugins.text import brief


def load_codec(directory: Path, channels: int, posterior: Posterior, dtype: torch.dtype) -> LatentCodec:
    """The codec of a folder: latents are ``(E - shift_factor) scaling_factor``.

    Args:
        directory: ``vae/``.
        channels: Of the states that the network takes.
        posterior: What is taken of the autoencoder's distribution.
        dtype: What it runs in.

    Raises:
        DataError: As :func:`load_part`, or if latents are scaled in another way or do not fit the network.
    """
    autoencoder: Any = load_part(directory, (*AUTOENCODERS, "VQModel"), dtype)
    config = autoencoder.config
    for key in ("latents_mean", "latents_std"):
        if config.get(key) is not None:
            raise DataError(
                f"autoencoder {directory / CONFIG} has {key} = {brief(config[key])}, which is not understood"
            )
    if config.latent_channels != channels:
        raise DataError(
            f"autoencoder {directory / CONFIG} has latent_channels = {config.latent_channels}, but the network takes "
            f"states of {channels}"
        )
    for key, least in (("shift_factor", -math.inf), ("scaling_factor", 0.0)):
        value = config.get(key)
        if value is not None and not (isinstance(value, int | float) and least < value < math.inf):
            raise DataError(f"autoencoder {directory / CONFIG} has {key} = {brief(value)}, which is no such number")
    values = (config.get("shift_factor") or 0.0, 1 / (config.get("scaling_factor") or 1.0))
    shift, scale = (torch.full((1, channels, 1, 1), value) for value in values)
    return LatentCodec(frozen(autoencoder), shift, scale, posterior)
