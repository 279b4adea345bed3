"""Networks and checkpoints of random weights, small enough that a run takes milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from spectralkit.models.card import Card
from spectralkit.models.checkpoint import save_checkpoint
from spectralkit.torchvision_fix import repair_torchvision


def unet(
    channels: int = 3, classes: int | None = None, widths: tuple[int, ...] = (8, 16), seed: int = 0, **options: Any
) -> Any:
    """diffusers' ``UNet2DModel`` without attention.

    Args:
        channels: Of what it denoises.
        classes: That it knows, the null class among them; None is a network that is told none.
        widths: Feature channels per resolution, multiples of 4, finest first.
        seed: Of its weights.
        **options: Of the constructor.
    """
    repair_torchvision()
    from diffusers import UNet2DModel

    depth = len(widths)
    given = {
        "sample_size": 16,
        "in_channels": channels,
        "out_channels": channels,
        "block_out_channels": widths,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "num_class_embeds": classes,
        "add_attention": False,
        "down_block_types": ("DownBlock2D",) * depth,
        "up_block_types": ("UpBlock2D",) * depth,
    }
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return UNet2DModel(**{**given, **options})


def autoencoder(seed: int = 0) -> Any:
    """diffusers' ``AutoencoderTiny``: 4 channels of half the side."""
    repair_torchvision()
    from diffusers import AutoencoderTiny

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        )


def save_random_checkpoint(directory: Path, card: Card, widths: tuple[int, ...] = (8, 16), seed: int = 0) -> Path:
    """Write the checkpoint that ``card`` describes, of a :func:`unet` and for latents an :func:`autoencoder`."""
    channels = card.shape[0] if card.latent is None else len(card.latent.shift)
    network = unet(channels, len(card.conditions) + 1, widths, seed)
    save_checkpoint(directory, network, card, None if card.latent is None else autoencoder())
    return directory
