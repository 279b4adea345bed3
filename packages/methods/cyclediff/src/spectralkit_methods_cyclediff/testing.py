"""Translators of known effect, between the first two classes of :mod:`spectralkit.testing.oracle`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from spectralkit.testing.oracle import SHAPE, one_hot
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_methods_cyclediff.directory import Facts, save_translators
from spectralkit_methods_cyclediff.translators import Domain, Translator, Translators


class Affine(nn.Module):
    """``G(C, t) = (1 + gain t) C + shift``, in float64.

    Args:
        gain: How much of the component is added at t = 1.
        shift: One for every channel.
    """

    shift: Tensor

    def __init__(self, gain: float = 0.0, shift: tuple[float, ...] = (0.0,) * SHAPE[0]) -> None:
        super().__init__()
        self.gain = gain
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float64).view(-1, 1, 1))

    def forward(self, component: Tensor, time: Tensor) -> Tensor:
        """(B, C, H, W) and (B,) -> (B, C, H, W)."""
        return (1 + self.gain * time.view(-1, 1, 1, 1)) * component + self.shift


def between(to_target: nn.Module, to_source: nn.Module) -> Translators:
    """Translators of the oracle's shape, from its class 0 to its class 1 and back."""
    source, target = (Domain(name, one_hot(index).embedding) for index, name in enumerate(("low", "high")))
    return Translators(source, target, SHAPE, to_target, to_source)


def unet(channels: int, seed: int, classes: int | None = None) -> Any:
    """A random diffusers ``UNet2DModel`` of a few thousand weights."""
    repair_torchvision()
    from diffusers import UNet2DModel

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        return UNet2DModel(
            sample_size=16,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            num_class_embeds=classes,
            add_attention=False,
            down_block_types=("DownBlock2D",) * 2,
            up_block_types=("UpBlock2D",) * 2,
        )


def save_random(directory: Path) -> Path:
    """Make a directory of random translators between the oracle's classes."""
    directory.mkdir(parents=True)
    facts = Facts(
        model="oracle", process={}, dataset="toy", source="low", target="high", shape=SHAPE, training={"steps": 0}
    )
    save_translators(between(*(Translator(unet(SHAPE[0], seed)) for seed in (1, 2))), facts, directory)
    return directory
