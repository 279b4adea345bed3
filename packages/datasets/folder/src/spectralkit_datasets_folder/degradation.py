"""What makes a source image of a target image: less resolution, blur, noise, or edges alone.

Every degradation is a function of the image alone: noise is drawn by a generator that the pixels seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from spectralkit.data import decimate
from spectralkit.errors import ConfigurationError
from spectralkit.pictures.channels import LUMA

Degradation = Literal["nearest", "area", "bicubic", "blur", "noise", "canny", "sobel"]
"""How a source is made of a target."""

Degrade = Callable[[Tensor], Tensor]
"""(C, H, W) in [0, 1] to the same."""

SCALED = ("nearest", "area", "bicubic")
EDGES = ("canny", "sobel")
SCALE = 8
SIGMAS = {"blur": 2.0, "noise": 0.1, "canny": 1.5}
"""Default standard deviations: of blur and Canny in pixels, of noise in intensities."""


@attrs.frozen
class Recipe:
    """A degradation and its parameter.

    Args:
        name: Which.
        scale: Of ``nearest``, ``area`` and ``bicubic``; None is 8.
        sigma: Of ``blur``, ``noise`` and ``canny``; None is their own default.
    """

    name: Degradation
    scale: int | None = None
    sigma: float | None = None

    def __attrs_post_init__(self) -> None:
        if self.name not in get_args(Degradation):
            raise ConfigurationError(f"degrade cannot be {self.name!r}: choose {', '.join(get_args(Degradation))}")
        for parameter, value, takers in (("scale", self.scale, SCALED), ("sigma", self.sigma, tuple(SIGMAS))):
            if value is None:
                continue
            if self.name not in takers:
                raise ConfigurationError(
                    f"{parameter} has no meaning for degrade {self.name}: leave it out, or choose {', '.join(takers)}"
                )
            if not value > 0:
                raise ConfigurationError(f"{parameter} of degrade {self.name} must be positive, got {value}")

    @property
    def multiple(self) -> int:
        """What the sides of an image must be divisible by."""
        return (self.scale or SCALE) if self.name in SCALED else 1

    def build(self) -> Degrade:
        """The function."""
        if self.name in SCALED:
            return partial(_SCALING[self.name], scale=self.multiple)
        if self.name == "sobel":
            return sobel
        return partial(_SPREADING[self.name], sigma=self.sigma or SIGMAS[self.name])


def area(image: Tensor, scale: int) -> Tensor:
    """The mean of every ``scale x scale`` block, in all of the block."""
    means = functional.avg_pool2d(image[None], scale)[0]
    return means.repeat_interleave(scale, dim=-2).repeat_interleave(scale, dim=-1)


def bicubic(image: Tensor, scale: int) -> Tensor:
    """Shrunk ``scale`` times, with antialiasing, and enlarged again: bicubic both ways."""
    height, width = image.shape[-2:]
    small = functional.interpolate(
        image[None], (height // scale, width // scale), mode="bicubic", antialias=True, align_corners=False
    )
    return functional.interpolate(small, (height, width), mode="bicubic", align_corners=False)[0].clamp(0, 1)


def blur(image: Tensor, sigma: float) -> Tensor:
    """Convolved with a Gaussian of sd ``sigma`` pixels, reflected at the borders."""
    from skimage.filters import gaussian

    return torch.from_numpy(gaussian(image.numpy(), sigma, mode="reflect", channel_axis=0)).float().clamp(0, 1)


def noise(image: Tensor, sigma: float) -> Tensor:
    """White Gaussian noise of sd ``sigma`` added, and clamped."""
    seed = int.from_bytes(hashlib.sha256(image.contiguous().numpy().tobytes()).digest()[:7], "big")
    drawn = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return (image + sigma * drawn).clamp(0, 1)


def canny(image: Tensor, sigma: float) -> Tensor:
    """Edges of the luma as thin black lines on white, by Canny (1986) after a Gaussian of sd ``sigma`` pixels."""
    from skimage.feature import canny as lines_of

    lines = torch.from_numpy(lines_of(_luma(image).numpy(), sigma=sigma))
    return (~lines).float().expand_as(image).contiguous()


def sobel(image: Tensor) -> Tensor:
    """The gradient of the luma by Sobel's filter, dark on white: 1 - 4 |g|, where |g| = 1/4 is black already."""
    from skimage.filters import sobel as gradient

    magnitude = torch.from_numpy(gradient(_luma(image).numpy())).float()
    return (1 - 4 * magnitude).clamp(0, 1).expand_as(image).contiguous()


def _luma(image: Tensor) -> Tensor:
    """(H, W)."""
    return torch.einsum("c,chw->hw", image.new_tensor(LUMA), image) if len(image) == 3 else image.mean(dim=0)


_SCALING: dict[str, Callable[..., Tensor]] = {"nearest": decimate, "area": area, "bicubic": bicubic}
_SPREADING: dict[str, Callable[..., Tensor]] = {"blur": blur, "noise": noise, "canny": canny}
