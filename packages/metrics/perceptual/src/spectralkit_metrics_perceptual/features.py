"""What a distribution distance looks at: images turned into feature vectors by a frozen network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import Tensor, nn

from spectralkit.errors import DataError


class Features(nn.Module, ABC):
    """A frozen feature extractor; it never enters training mode and takes no gradient.

    Attributes:
        dimension: Length of a feature vector.
    """

    dimension: int

    @abstractmethod
    def extract(self, images: Tensor) -> Tensor:
        """Feature vectors (B, dimension) of 8-bit RGB images (B, 3, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        """Feature vectors of images.

        Images are rounded to 8 bits first, so that an image scores the same from memory and from a PNG file.

        Args:
            images: (B, 1 or 3, H, W) in [0, 1].

        Returns:
            (B, dimension).

        Raises:
            DataError: On another number of channels.
        """
        with torch.no_grad():
            return self.extract(to_bytes(images))

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever ``mode``."""
        return super().train(False)


def to_bytes(images: Tensor) -> Tensor:
    """Round images in [0, 1] to uint8 RGB; one channel is repeated three times.

    Raises:
        DataError: If the images have other than 1 or 3 channels.
    """
    if images.shape[1] not in (1, 3):
        raise DataError(
            f"feature networks take 1 or 3 channels, got {images.shape[1]}: choose so many, or another metric"
        )
    return (images.float() * 255).round().to(torch.uint8).expand(-1, 3, -1, -1)
