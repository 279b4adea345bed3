"""Between pixels and the space the diffusion lives in; no noise level is added."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from spectralkit.data import check_batch, check_input
from spectralkit.diffusion.batch import unsound
from spectralkit.errors import DataError, NonFiniteError
from spectralkit.inversion import returned
from spectralkit.inversion.noise import Noise
from spectralkit.models.model import Model
from spectralkit.plugins.held import held
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import called, times


@held
def encode(model: Model, images: Tensor, *, seed: int = 42, ids: Sequence[str] | None = None) -> Tensor:
    """(B, C, H, W) images in [0, 1] in the space the diffusion lives in, (B, c, h, w); no noise level is added.

    Args:
        model: From :func:`load_model`.
        images: The images.
        seed: Of the codec's randomness, where it has any.
        ids: One id per image; with the seed it determines the image's noise. Default 0, 1, ...

    Raises:
        SpectralkitError: If an image does not fit.
    """
    return encoded(model, images, Noise(seed, ids_of(images, ids)))


@held
def decode(model: Model, x: Tensor) -> Tensor:
    """(B, c, h, w) in the space the diffusion lives in -> (B, C, H, W) images in [0, 1].

    Raises:
        SpectralkitError: If ``x`` is no such batch.
    """
    check_batch("x", x)
    if not torch.isfinite(x).all():
        raise NonFiniteError("x holds NaN or infinity")
    return decoded(model, x)


def ids_of(images: Tensor, ids: Sequence[str] | None) -> Sequence[str]:
    """The ids given, or 0, 1, ..., one per image."""
    return [str(i) for i in range(len(images) if images.ndim else 0)] if ids is None else ids


def encoded(model: Model, images: Tensor, noise: Noise, dtype: torch.dtype = torch.float32) -> Tensor:
    """Checked images, encoded, in ``dtype`` or better, without a graph.

    Raises:
        SpectralkitError: If an image does not fit.
    """
    check_input(images, noise.ids)
    model.check_images(tuple(images.shape[1:]))
    x = _returned(model, model.codec.encode(images.detach().to(model.device), noise), len(images))
    return x.to(torch.promote_types(images.dtype, dtype))


def decoded(model: Model, x: Tensor) -> Tensor:
    """The images that ``x`` holds, without a graph.

    Raises:
        DataError: If they are none of the model's.
    """
    images = _returned(model, model.codec.decode(x.detach().to(model.device)), len(x))
    if not model.takes(tuple(images.shape[1:])):
        raise DataError(
            f"a state of {times(x.shape[1:])} decodes to images of {times(images.shape[1:])}, but those of model "
            f"'{model.name}' are {times(model.shape)}: pass what sk.encode or sk.invert gives"
        )
    return images


def _returned(model: Model, value: object, count: int) -> Tensor:
    """What the codec returned, where it is a finite batch of ``count``.

    Raises:
        ContractError: If it is no batch.
        NonFiniteError: If it holds NaN or infinity.
    """
    if not isinstance(value, Tensor) or value.ndim != 4 or len(value) != count:
        told = f"returned {returned.told(value)}, expected a batch of {count}, (B, c, h, w)"
        raise ContractError(model.codec, told, called("model", model.name))
    if (row := unsound(value)) is not None:
        raise NonFiniteError(
            f"the codec of {called('model', model.name)} makes NaN or infinity of row {row} of its batch: check its "
            "weights and its precision"
        )
    return value
