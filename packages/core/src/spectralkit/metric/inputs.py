"""What a metric is given, refused by name where it is not what the metric takes; nothing is converted or guessed."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from spectralkit.errors import DataError, NonFiniteError
from spectralkit.plugins.signature import read


def check_tensor(metric: str, name: str, value: object) -> None:
    """Refuse what is no tensor: an array, a list."""
    if not isinstance(value, Tensor):
        raise DataError(f"{metric}: {name} must be a torch tensor, got {type(value).__name__}: try torch.as_tensor")
    if value.layout is not torch.strided or value.is_meta:
        raise DataError(f"{metric}: {name} must be a dense tensor with numbers in it, got {value.layout}: densify it")


def check_images(metric: str, **images: Tensor) -> None:
    """Refuse images that are not finite (B, C, H, W) in [0, 1], or not of one shape, by name.

    Args:
        metric: Name that messages open with.
        **images: What is to be compared, by the names of the inputs.

    Raises:
        DataError: On integers, or on a wrong shape or range.
        NonFiniteError: On NaN or infinity.
    """
    for name, image in images.items():
        low, high = _bounds(metric, name, image)
        if low < 0 or high > 1:
            raise DataError(f"{metric}: {name} must lie in [0, 1], got [{low:.4g}, {high:.4g}]: clamp or rescale it")
    for (name, image), (other, beside) in pairwise(images.items()):
        if image.shape != beside.shape:  # shapes that broadcast would be scored without a word
            told = f"{name} {tuple(image.shape)} and {other} {tuple(beside.shape)}"
            raise DataError(f"{metric}: {told} differ in shape: resize or crop one of them")


def check_latent(metric: str, latent: Tensor) -> None:
    """Refuse latents that are not finite (B, C, H, W).

    Args:
        metric: Name that messages open with.
        latent: What the metric was given.

    Raises:
        DataError: On integers, or on a wrong shape.
        NonFiniteError: On NaN or infinity.
    """
    _bounds(metric, "latent", latent)


def _bounds(metric: str, name: str, batch: Tensor) -> tuple[float, float]:
    """Smallest and largest value of a finite batch."""
    check_tensor(metric, name, batch)
    if batch.ndim != 4:
        raise DataError(f"{metric}: {name} must be (B, C, H, W), got {tuple(batch.shape)}")
    if not batch.numel():
        raise DataError(f"{metric}: {name} is empty, {tuple(batch.shape)}: pass at least one sample")
    if not batch.is_floating_point():
        raise DataError(
            f"{metric}: {name} holds {batch.dtype}: convert it to floating point, 8-bit values divided by 255"
        )
    low, high = torch.stack(torch.aminmax(batch)).tolist()  # NaN propagates, so that one pass sees everything
    if not (math.isfinite(low) and math.isfinite(high)):
        raise NonFiniteError(f"{metric}: {name} holds NaN or infinity")
    return low, high


def check_parameters(target: Callable[..., object], **values: object) -> None:
    """Refuse values of another type than the annotations of ``target``, as loading by name does.

    Args:
        target: A constructor.
        **values: Its parameters by name, as they were given.

    Raises:
        ConfigurationError: Naming the parameter, its type and what was given.
    """
    for parameter in read(target):
        if parameter.name in values:
            parameter.accept(values[parameter.name])
