"""Data sets for unpaired image-to-image translation: samples, degradations and the contracts around them.

Images are float32 tensors of shape (C, H, W) in [0, 1]. The low-resolution source of the paper is a nearest-neighbour
decimation (one pixel kept of every ``scale x scale`` block, no antialiasing) followed by nearest-neighbour upsampling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import attrs
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError, DataError, NonFiniteError

Structure = Literal["rgb", "masked-grey"]
"""How structure is compared: every colour channel, or the non-white mask of the grey image."""


@attrs.frozen(eq=False)
class Sample:
    """One translation problem.

    Args:
        id: Unique and stable within the data set; keys the sample's noise.
        source: (C, H, W) in [0, 1], the image to translate.
        reference: (C, H, W) in [0, 1], the real image of the target domain where one is known.
    """

    id: str
    source: Tensor
    reference: Tensor | None


@runtime_checkable
class TranslationDataset(Protocol):
    """Samples of a source domain to be translated into a target domain."""

    @property
    def name(self) -> str:
        """The data set's registered name."""
        ...

    @property
    def source(self) -> str:
        """Name of the source condition."""
        ...

    @property
    def target(self) -> str:
        """Name of the target condition."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        ...

    @property
    def structure(self) -> Structure:
        """How structural fidelity is to be measured on this data."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def sources(self) -> Iterator[Tensor]:
        """Training images of the source domain, (C, H, W) each.

        Raises:
            HeldOutError: If there are none, for everything is held out; so of targets and of a training set's ``draw``.
        """
        ...

    def targets(self) -> Iterator[Tensor]:
        """Training images of the target domain, (C, H, W) each, none of them a reference of the samples."""
        ...


@attrs.frozen
class Prepared:
    """What was found where a download lies.

    Args:
        counts: Of what can be used, by its name in the plural.
        problems: What is missing or cannot be used, a line that names its file each.
    """

    counts: Mapping[str, int]
    problems: Sequence[str]


class Preparation(Protocol):
    """Validates a download and indexes it once; called again it goes on where it was stopped."""

    def __call__(self, root: Path, tell: Callable[[str], None], **parameters: Any) -> Prepared:
        """Prepare what lies in ``root``; ``tell`` is told of the progress, ``parameters`` are of the data set."""
        ...


class TrainingSet(Protocol):
    """An endless supply of unpaired training images, one domain per condition."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the domains."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the underlying pixels."""
        ...

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        """One random image per entry of ``domains`` (indices into ``conditions``): (B, C, size, size) in [0, 1]."""
        ...


def decimate(image: Tensor, scale: int) -> Tensor:
    """Keep one pixel of every ``scale x scale`` block, then upsample by nearest neighbour to the original size.

    Args:
        image: (..., H, W), H and W divisible by ``scale``.
        scale: At least 1; 1 returns the image itself.

    Raises:
        ConfigurationError: If ``scale`` is not positive or does not divide the sides.
    """
    height, width = image.shape[-2:]
    if scale < 1 or height % scale or width % scale:
        raise ConfigurationError(f"scale {scale} does not divide an image of {height}x{width}: choose a common divisor")
    kept = image[..., ::scale, ::scale]
    return kept.repeat_interleave(scale, dim=-2).repeat_interleave(scale, dim=-1)


def check_batch(name: str, x: Tensor) -> None:
    """Refuse what is not a batch, (B, C, H, W), of floating-point numbers.

    Raises:
        DataError: Naming it.
    """
    if x.layout is not torch.strided or x.is_meta:
        raise DataError(f"{name} must be a dense tensor with numbers in it, got {x.layout} on {x.device}")
    if x.ndim != 4 or not x.numel() or not x.is_floating_point():
        raise DataError(f"{name} must be a non-empty floating-point (B, C, H, W) batch, got {x.dtype} {tuple(x.shape)}")


def check_input(images: Tensor, ids: Sequence[str]) -> None:
    """Refuse what is not a finite batch of images in [0, 1], one per id.

    Raises:
        ConfigurationError: If there are more or fewer ids than images.
        DataError: On a wrong shape or range, naming the image.
        NonFiniteError: On NaN or infinity, naming the image.
    """
    check_batch("images", images)
    if len(ids) != len(images):
        raise ConfigurationError(f"{len(images)} images need as many ids, got {len(ids)}")
    for name, image in zip(ids, images, strict=True):
        if not torch.isfinite(image).all():
            raise NonFiniteError(f"image '{name}' holds NaN or infinity")
        low, high = image.min().item(), image.max().item()
        if low < 0 or high > 1:
            raise DataError(f"image '{name}' must lie in [0, 1], got [{low:.4g}, {high:.4g}]: rescale or clamp it")
