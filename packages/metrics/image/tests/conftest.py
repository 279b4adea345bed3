"""Pairs of images for the tests of the image metrics."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor


def noisy_pair(batch: int, channels: int, height: int, width: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A smooth random image and a noisy copy, (B, C, H, W) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, channels, 5, 5, generator=generator)
    reference = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear", align_corners=True)
    noise = 0.08 * torch.randn(reference.shape, generator=generator)
    return (reference + noise).clamp(0, 1), reference.clamp(0, 1)


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    """Three RGB pairs of 48 x 40."""
    return noisy_pair(3, 3, 48, 40)


@pytest.fixture
def large_pair() -> tuple[Tensor, Tensor]:
    """Two RGB pairs of 192 x 176."""
    return noisy_pair(2, 3, 192, 176)


@pytest.fixture
def drawing() -> tuple[Tensor, Tensor]:
    """A dark square on white, with an error inside it and another on the background."""
    reference = torch.ones(1, 3, 48, 48)
    reference[..., 12:36, 12:36] = 0.25
    reference[..., 16:32, 16:32] = 0.5
    generated = reference.clone()
    generated[..., 20:24, 14:30] = 0.6
    return generated, reference
