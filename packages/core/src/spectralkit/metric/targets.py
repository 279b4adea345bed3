"""The fact ``targets``: real images of the target domain, which some metrics compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import attrs
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.metric.inputs import check_images, check_tensor

Targets = Callable[[], Iterable[Tensor]]
"""Gives the real target images anew at each call: (C, H, W) in [0, 1], all of one shape."""

GivenTargets = Targets | Tensor | Iterable[Tensor]
"""What a user may give for them: the function, a batch (N, C, H, W), or images (C, H, W) one by one."""


@attrs.frozen(eq=False)
class RealImages:
    """Real target images, each of them checked as it is read.

    Args:
        metric: Name that messages open with.
        read: Gives them anew at each call.
    """

    metric: str
    read: Targets

    def __call__(self) -> Iterator[Tensor]:
        shape = None
        for i, image in enumerate(_iterated(self.metric, self.read())):
            told = f"target image {i}"
            check_tensor(self.metric, told, image)
            if image.ndim != 3:
                raise DataError(f"{self.metric}: {told} must be (C, H, W), got {tuple(image.shape)}")
            check_images(self.metric, **{told: image[None]})
            if shape not in (None, image.shape):
                raise DataError(
                    f"{self.metric}: target images differ in size, {tuple(shape or ())} and {tuple(image.shape)}: "
                    "crop or resize them"
                )
            shape = image.shape
            yield image


def real_images(metric: str, given: GivenTargets) -> RealImages:
    """Whatever a user gave for ``targets``, as the function that metrics call.

    Args:
        metric: Name that messages open with.
        given: A batch, images one by one, or a function, which need not hold them all at once. What is in memory is
            checked here, a function's images as they are read.

    Raises:
        DataError: On anything else, and on images that are not finite (C, H, W) in [0, 1] of one shape.
    """
    if isinstance(given, RealImages):
        return given
    if isinstance(given, Tensor):
        if given.ndim != 4:
            raise DataError(f"{metric}: targets must be a batch (N, C, H, W), got {tuple(given.shape)}")
        images = RealImages(metric, partial(iter, given))
    elif callable(given):
        return RealImages(metric, given)
    else:
        images = RealImages(metric, partial(iter, tuple(_iterated(metric, given))))
    for _ in images():
        pass
    return images


def _iterated(metric: str, images: object) -> Iterator[Tensor]:
    try:
        return iter(images)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        raise DataError(
            f"{metric}: targets must be a batch (N, C, H, W), images (C, H, W) one by one, or a function that gives "
            f"them, got {type(images).__name__}"
        ) from None
