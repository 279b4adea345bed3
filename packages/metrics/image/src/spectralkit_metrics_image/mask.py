r"""Which pixels of a pair count.

Every metric of this package is an average of a map over pixels; a mask :math:`m` turns it into
:math:`\sum m f / \sum m`, so pixels outside contribute neither error nor agreement. The foreground of a drawing or
photograph on white is where the luma of the *reference* lies below 0.95: taken from the reference alone, the same
pixels are judged for every method.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError

Mask = Literal["none", "foreground"]
"""``none``: every pixel; ``foreground``: the non-white pixels of the reference."""

WHITE = 0.95
LUMA = (0.299, 0.587, 0.114)


def check_mask(mask: str) -> None:
    """Refuse an unknown mask.

    Raises:
        ConfigurationError: If ``mask`` is not a :data:`Mask`.
    """
    if mask not in get_args(Mask):
        raise ConfigurationError(f"mask {mask!r} is unknown: choose one of {', '.join(get_args(Mask))}")


def luma(image: Tensor) -> Tensor:
    """Grey value (B, 1, H, W) of an image of one or three channels.

    Raises:
        DataError: If the image has another number of channels.
    """
    if image.shape[1] == 1:
        return image
    if image.shape[1] != 3:
        raise DataError(f"luma needs 1 or 3 channels, got {image.shape[1]}")
    return (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def pixel_weights(reference: Tensor, mask: Mask = "none") -> Tensor:
    """Ones where a pixel counts, zeros elsewhere.

    Args:
        reference: (B, C, H, W) in [0, 1].
        mask: Which pixels count.

    Returns:
        (B, 1, H, W), of the reference's dtype.

    Raises:
        DataError: If an image has no foreground: its masked score is undefined.
    """
    if mask == "none":
        return torch.ones_like(reference[:, :1])
    weights = (luma(reference) < WHITE).to(reference.dtype)
    blank = (weights.flatten(1).sum(1) == 0).nonzero().flatten().tolist()
    if blank:
        raise DataError(
            f"mask foreground: reference {blank[0]} of the batch is white throughout: drop it or use mask=none"
        )
    return weights


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of (B, C, H, W) over channels and the weighted pixels, (B,), accumulated in float64."""
    weights = weights.double()
    return (values.double().mean(1, keepdim=True) * weights).flatten(1).sum(1) / weights.flatten(1).sum(1)
