"""Tiny random diffusion models of 16 x 16 pixels, whose conditions are some of the data set's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spectralkit.models.card import Card, Normalisation
from spectralkit.models.checkpoint import save_checkpoint
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_methods_cyclediff.testing import unet

CONDITIONS = ("low-x4", "low-x8", "low-x16", "high")

Checkpoint = Callable[..., Path]


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    """Write one; on latents of 4 x 8 x 8 where it is asked for."""

    def write(path: Path, seed: int = 3, latent: bool = False, **changes: Any) -> Path:
        path.mkdir()
        card = {
            "process": "ddim",
            "process_parameters": {},
            "conditions": CONDITIONS,
            "shape": (3, 16, 16),
            "multiple": 4,
            "dataset": "ihc",
            "latent": Normalisation(shift=[0.0] * 4, scale=[1.0] * 4) if latent else None,
            "training": {},
        }
        network = unet(4 if latent else 3, seed, len(CONDITIONS) + 1)
        save_checkpoint(path, network, Card(**{**card, **changes}), _autoencoder() if latent else None)
        return path

    return write


def _autoencoder() -> Any:
    repair_torchvision()
    from diffusers import AutoencoderTiny

    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )
