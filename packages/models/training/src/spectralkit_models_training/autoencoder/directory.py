"""An autoencoder's directory: diffusers' own, with one file more, read and written without pickle.

config.json, diffusion_pytorch_model.safetensors    the network; plain diffusers loads these two
autoencoder.json                                    what it was trained on, and how
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import DataError
from spectralkit.inversion.noise import Noise
from spectralkit.models.checkpoint import AUTOENCODERS
from spectralkit.models.documents import CONFIG, REMEDY, read_json
from spectralkit.models.latent import LatentCodec
from spectralkit.models.pretrained import load_part, save_part
from spectralkit.plugins.text import one_line

FILE = "autoencoder.json"
FORMAT = "spectralkit-autoencoder-1"
BLANK = 128
"""Side of the image that an unknown autoencoder is tried on: the largest known factor."""


def _shape(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@attrs.frozen(kw_only=True)
class Facts:
    """What is known of an autoencoder beyond its network.

    Args:
        factor: Pixels a side for each element of the latent.
        channels: Of the latent.
        shape: (C, H, W) it was trained on; None where nobody wrote it down, as what follows.
        dataset: Registered name of the data it was trained on.
        digest: SHA-256 of their pixels.
        training: Configuration and versions of its training.

    Raises:
        DataError: If a value is of the wrong type or impossible.
    """

    factor: int
    channels: int
    shape: tuple[int, int, int] | None = attrs.field(default=None, converter=_shape)
    dataset: str | None = None
    digest: str | None = None
    training: dict[str, Any] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        shape = (1, 1, 1) if self.shape is None else self.shape
        numbers = (self.factor, self.channels, *shape) if isinstance(shape, tuple) else (0,)
        if len(numbers) != 5 or not all(type(n) is int and n > 0 for n in numbers):
            raise DataError("factor, channels and the three numbers of shape must be positive whole numbers")
        if not all(name is None or isinstance(name, str) for name in (self.dataset, self.digest)):
            raise DataError("dataset and digest must be texts")
        if not isinstance(self.training, dict):
            raise DataError("training must be a table")


def save_autoencoder(network: Any, facts: Facts, directory: Path) -> None:
    """Write an autoencoder, in half precision, into an empty directory.

    Raises:
        OSError: If a file cannot be written whole.
    """
    save_part(network, directory)
    document = {"format": FORMAT, **attrs.asdict(facts)}
    (directory / FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read_autoencoder(directory: Path) -> tuple[nn.Module, Facts]:
    """The autoencoder of a directory, on the CPU in float32, frozen and in evaluation mode, and what is known of it.

    A directory of diffusers' own (KL, DC or Tiny) has no facts; factor and channels are those of a blank image's code.

    Raises:
        DataError: If a file is missing, corrupt, of another kind, or does not fit the others.
        NonFiniteError: If a weight is NaN or infinite.
    """
    if not (directory / CONFIG).is_file():
        raise DataError(f"no autoencoder at {directory}: name a directory that holds {CONFIG} and its weights")
    network = frozen(load_part(directory, AUTOENCODERS))
    factor, channels = tried(network, directory)
    path = directory / FILE
    if not path.exists():
        return network, Facts(factor=factor, channels=channels)
    document = read_json(path)
    try:
        if document.pop("format", None) != FORMAT:
            raise DataError(f"its format is not '{FORMAT}', or it was written by another version")
        facts = Facts(**document)
        if (facts.factor, facts.channels) != (factor, channels):
            raise DataError(f"its network has factor {factor} and {channels} channels")
    except (DataError, TypeError) as error:
        told = one_line(error).replace("Facts.__init__() ", "it ")  # Python names the constructor
        raise DataError(f"corrupt autoencoder {path}: {told}; {REMEDY}") from error
    return network, facts


def tried(network: Any, told: object) -> tuple[int, int]:
    """Factor and channels of an autoencoder: of its latent of a blank image.

    Args:
        network: diffusers' AutoencoderKL, DC or Tiny.
        told: What messages call it.

    Raises:
        DataError: If it cannot encode.
    """
    neutral = torch.zeros(1, 1, 1, 1)
    codec = LatentCodec(network, shift=neutral, scale=neutral + 1, posterior="mode")
    blank = torch.zeros(1, network.config.in_channels, BLANK, BLANK)
    try:
        latent: Tensor = codec.encode(blank, Noise(0, ["blank"]))
    except (RuntimeError, ValueError, TypeError) as error:  # a network of impossible layers
        raise DataError(f"corrupt autoencoder {told}: {one_line(error)[:300]}; {REMEDY}") from error
    return BLANK // latent.shape[-1], latent.shape[1]
