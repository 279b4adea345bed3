"""A generated image beside its reference: what every full-reference metric asks of its inputs."""

from __future__ import annotations

import torch
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.metric import check_images


def checked_pair(metric: str, generated: Tensor, reference: Tensor, smallest: int = 1) -> tuple[Tensor, Tensor]:
    """Both images in float32 or better, once they are known to be finite, in [0, 1], alike in shape and large enough.

    Args:
        metric: Name the message opens with.
        generated: (B, C, H, W).
        reference: (B, C, H, W).
        smallest: Least admissible side in pixels.

    Returns:
        ``(generated, reference)``: half precision is widened, since squares and variances do not survive it.

    Raises:
        DataError: On integers, or on a wrong shape, range or size.
        NonFiniteError: On NaN or infinity.
    """
    check_images(metric, generated=generated, reference=reference)
    height, width = generated.shape[-2:]
    if min(height, width) < smallest:
        raise DataError(f"{metric}: images of {height}x{width} are too small: both sides must be at least {smallest}")
    dtype = torch.promote_types(torch.promote_types(generated.dtype, reference.dtype), torch.float32)
    return generated.to(dtype), reference.to(dtype)
