"""A generated image beside its reference: what every full-reference metric asks of its inputs."""

from __future__ import annotations

from spectralkit.errors import DataError
from spectralkit.metric import check_images
from torch import Tensor


def check_pair(metric: str, generated: Tensor, reference: Tensor, smallest: int = 1) -> None:
    """Refuse, by name, inputs that are not finite, not in [0, 1], of different shapes or too small.

    Args:
        metric: Name the message opens with.
        generated: (B, C, H, W).
        reference: (B, C, H, W).
        smallest: Least admissible side in pixels.

    Raises:
        DataError: On a wrong shape, range or size.
        NonFiniteError: On NaN or infinity.
    """
    if generated.shape != reference.shape:
        raise DataError(
            f"{metric}: generated {tuple(generated.shape)} and reference {tuple(reference.shape)} differ in shape: "
            "resize or crop one of them"
        )
    if generated.numel() == 0:
        raise DataError(f"{metric}: the images are empty, {tuple(generated.shape)}: pass at least one sample")
    check_images(metric, generated=generated, reference=reference)
    height, width = generated.shape[-2:]
    if min(height, width) < smallest:
        raise DataError(f"{metric}: images of {height}x{width} are too small, both sides must be at least {smallest}")
