"""The model ``gaussian``: the closed-form denoiser, fitted to a data set in seconds, without training."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from spectralkit.data import TranslationDataset
from spectralkit.diffusion.gaussian import GaussianDenoiser, Sums
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.model import Model, PixelCodec
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import brief

MOST_POWER = 1e9
"""No Fourier mode of an image in [-1, 1] has a higher power; an image has fewer pixels."""


def gaussian_model(dataset: TranslationDataset, process: str = "ddim", floor: float = 1e-6) -> Model:
    """Gaussian images with each domain's own mean and power spectrum, fitted to the training images of ``dataset``.

    Args:
        dataset: Where the moments come from.
        process: Name of a parameterization, for its schedule; with an exact score nothing else of it matters.
        floor: Smallest power of a Fourier mode, > 0; a sparse source has modes without energy.

    Raises:
        ConfigurationError: If ``floor`` is not a positive number.
        DataError: If the data set has no training images of a domain.
    """
    if not 0 < floor < math.inf:
        raise ConfigurationError(f"floor of gaussian must be a positive number, got {floor}")
    if floor > MOST_POWER:
        raise ConfigurationError(f"floor of gaussian must be at most {MOST_POWER:g}, got {floor:g}")
    built = registry().build("parameterization", process)
    assert isinstance(built, Process)
    source = _sums(dataset, dataset.source, dataset.sources())
    target = _sums(dataset, dataset.target, dataset.targets())
    moments = [sums.moments(floor) for sums in (source, target, source + target)]
    denoiser = GaussianDenoiser(torch.stack([m for m, _ in moments]), torch.stack([p for _, p in moments]))
    rows = torch.eye(3)
    return Model(
        name="gaussian",
        denoiser=denoiser,
        schedule=built.schedule,
        codec=PixelCodec(),
        conditions={dataset.source: rows[0:1], dataset.target: rows[1:2]},
        null=rows[2:3],
        shape=dataset.shape,
        dataset=dataset.name,
        provenance={"process": process, "floor": floor, "images": [source.count, target.count]},
    )


def _sums(dataset: TranslationDataset, domain: str, images: Iterable[Tensor]) -> Sums:
    """Of the training images of a domain in [-1, 1], of which one at a time is in memory."""
    found: Sums | None = None
    for image in images:
        if not isinstance(image, Tensor) or tuple(image.shape) != dataset.shape:
            told = tuple(image.shape) if isinstance(image, Tensor) else brief(image)
            raise DataError(f"data set '{dataset.name}' gave {told} as a training image, expected {dataset.shape}")
        sums = Sums.of(2 * image[None] - 1)
        found = sums if found is None else found + sums
    if found is None:
        raise DataError(f"data set '{dataset.name}' has no training image of '{domain}' to fit model 'gaussian' to")
    return found
