"""Perceptual distance: early features of EfficientNet-Lite0 (Tan and Le 2019), each normalised over its channels.

The images are enlarged twice first, so that a feature sees half as many of their pixels: what is compared is texture
and edges rather than objects. LPIPS (Zhang et al. 2018) weights such differences by human judgement; here all weigh
the same.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from spectralkit.errors import ConfigurationError
from spectralkit_models_training.autoencoder.losses import mean

STAGES = 3


class Perceptual(nn.Module):
    """The distance of images (B, 1 or 3, H, W) in [-1, 1], one number a sample.

    Raises:
        ConfigurationError: If the network's package is not installed.
        DataError: If the installed weights are corrupt.
    """

    def __init__(self) -> None:
        super().__init__()
        try:
            from spectralkit_metrics_perceptual.lite0 import network
        except ImportError as error:
            raise ConfigurationError(
                "the perceptual distance needs a network: pip install spectralkit-metrics-perceptual, or set "
                "perceptual and finish-perceptual to 0"
            ) from error
        whole: Any = network()
        self.stem = nn.Sequential(whole.conv_stem, whole.bn1)
        self.stages = nn.ModuleList(list(whole.blocks)[:STAGES])
        self.eval().requires_grad_(False)

    def forward(self, reconstruction: Tensor, pixels: Tensor) -> Tensor:
        """(B, C, H, W) twice -> (B,); gradients reach the reconstruction alone."""
        with torch.no_grad():
            wanted = self.features(pixels)
        pairs = zip(self.features(reconstruction), wanted, strict=True)
        return torch.stack([mean((ours - theirs).abs()) for ours, theirs in pairs]).mean(0)

    def features(self, pixels: Tensor) -> list[Tensor]:
        """One (B, C, h, w) a stage, whose channels have a mean square of 1 at every place."""
        enlarged = interpolate(pixels, scale_factor=2, mode="bilinear").expand(-1, 3, -1, -1)
        taken = ((enlarged + 1) * 127.5 - 127) / 128  # as the network was trained, on (byte - 127) / 128
        maps = self.stem(taken.contiguous(memory_format=torch.channels_last))  # where depthwise layers are fastest
        found = []
        for stage in self.stages:
            maps = stage(maps)
            values = cast(Tensor, maps).float()
            found.append(values * torch.rsqrt(values.square().mean(1, keepdim=True) + 1e-6))
        return found
