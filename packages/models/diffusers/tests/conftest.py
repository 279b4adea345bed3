"""Small pipelines with random weights, saved as diffusers saves them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from spectralkit.torchvision_fix import repair_torchvision

repair_torchvision()
import diffusers  # noqa: E402  (imports only after the repair)

Save = Callable[..., Path]


def unet(**changes: Any) -> Any:
    torch.manual_seed(0)
    settings = {
        "sample_size": 16,
        "in_channels": 3,
        "out_channels": 3,
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
        "norm_num_groups": 4,
        "attention_head_dim": 4,
    }
    return diffusers.UNet2DModel(**{**settings, **changes}).eval()


def dit(**changes: Any) -> Any:
    torch.manual_seed(0)
    settings = {
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 8,
        "num_layers": 2,
        "num_attention_heads": 2,
        "attention_head_dim": 4,
        "num_embeds_ada_norm": 5,
        "patch_size": 2,
        "norm_num_groups": 1,
    }
    network = diffusers.DiTTransformer2DModel(**{**settings, **changes}).eval()
    for parameter in network.parameters():  # the last layers begin at zero, which would answer zero to anything
        torch.nn.init.normal_(parameter, std=0.1)
    return network


def vae(**changes: Any) -> Any:
    torch.manual_seed(1)
    settings = {
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": 4,
        "block_out_channels": (8, 8),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
        "norm_num_groups": 4,
        "sample_size": 16,
    }
    return diffusers.AutoencoderKL(**{**settings, **changes}).eval()


def ddim(**changes: Any) -> Any:
    return diffusers.DDIMScheduler(**{"clip_sample": False, **changes})


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves a pipeline, or a bare network with a scheduler, and says where."""

    def saved(part: Any, scheduler: Any | None = None) -> Path:
        directory = tmp_path / f"saved{len(list(tmp_path.iterdir()))}"
        part.save_pretrained(directory)
        if scheduler is not None:
            scheduler.save_pretrained(directory / "scheduler")
        return directory

    return saved


@pytest.fixture
def small() -> Any:
    """The parts by name."""

    class Parts:
        pass

    for part in (unet, dit, vae, ddim):
        setattr(Parts, part.__name__, staticmethod(part))
    return Parts
