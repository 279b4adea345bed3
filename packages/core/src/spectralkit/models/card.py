"""What a checkpoint says of itself beyond its networks: ``spectralkit.json``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import attrs

from spectralkit.errors import DataError
from spectralkit.models.directory import CARD
from spectralkit.models.documents import REMEDY, read_json
from spectralkit.plugins.text import brief, one_line

FORMAT = "spectralkit-checkpoint-2"
LARGEST = 1 << 14

Posterior = Literal["sample", "mode"]
"""What is taken of a variational autoencoder's distribution."""


def _tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


def _demand(holds: bool, told: str) -> None:
    if not holds:
        raise DataError(told)


@attrs.frozen(kw_only=True)
class Normalisation:
    """Shift and scale of latents, one number a channel.

    Args:
        shift: Mean of each channel on the training data.
        scale: Standard deviation of each channel, > 0.
        posterior: What is taken of a variational autoencoder's distribution, ``sample`` or ``mode``.

    Raises:
        DataError: If a value is of the wrong type or impossible.
    """

    shift: tuple[float, ...] = attrs.field(converter=_tuple)
    scale: tuple[float, ...] = attrs.field(converter=_tuple)
    posterior: Posterior = "sample"

    def __attrs_post_init__(self) -> None:
        numbers = (*self.shift, *self.scale)
        _demand(
            all(isinstance(n, int | float) and math.isfinite(n) for n in numbers), "latent must hold finite numbers"
        )
        _demand(0 < len(self.shift) == len(self.scale), "latent needs a shift and a scale for every channel")
        _demand(min(self.scale) > 0, "latent.scale must be positive")
        _demand(self.posterior in get_args(Posterior), "latent.posterior must be 'sample' or 'mode'")


@attrs.frozen(kw_only=True)
class Card:
    """The contents of ``spectralkit.json``.

    Args:
        process: Name of a parameterization plugin.
        process_parameters: Its parameters.
        conditions: Domain names, in the order of the class table; the null class comes last and is not named.
        shape: (C, H, W) of the images it was trained on.
        multiple: What the sides of other images must be divisible by; None where they are fixed.
        dataset: What the network was trained on.
        latent: How latents are normalised; None for a diffusion on pixels.
        training: Configuration, seed, data digest and versions of the training run.

    Raises:
        DataError: If a value is of the wrong type or does not fit the others.
    """

    process: str
    process_parameters: dict[str, Any]
    conditions: tuple[str, ...] = attrs.field(converter=_tuple)
    shape: tuple[int, int, int] = attrs.field(converter=_tuple)
    multiple: int | None = None
    dataset: str
    latent: Normalisation | None = None
    training: dict[str, Any]

    def __attrs_post_init__(self) -> None:
        names = self.conditions
        _demand(len(self.shape) == 3, f"shape must be (channels, height, width), got {brief(list(self.shape))}")
        sides = (*self.shape, *(() if self.multiple is None else (self.multiple,)))
        _demand(all(type(n) is int and n > 0 for n in sides), "shape and multiple must be positive whole numbers")
        _demand(max(sides) <= LARGEST, f"height and width of shape must be at most {LARGEST}")
        _demand(
            bool(names) and all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names),
            "conditions must be different names",
        )
        _demand(isinstance(self.process, str) and isinstance(self.dataset, str), "process and dataset must be names")
        _demand(
            isinstance(self.process_parameters, dict) and isinstance(self.training, dict),
            "process_parameters and training must be tables",
        )
        if self.multiple is not None and any(n % self.multiple for n in self.shape[1:]):
            raise DataError(f"height and width of shape {list(self.shape)} must be multiples of {self.multiple}")

    def document(self) -> dict[str, Any]:
        """The card as it is written."""
        return {"format": FORMAT, **attrs.asdict(self)}


def read_card(directory: Path) -> Card:
    """The card of a checkpoint directory.

    Raises:
        DataError: If it is missing, no JSON, of another format, or holds impossible values.
    """
    path = directory / CARD
    document = read_json(path)
    try:
        known = document.pop("format", None) == FORMAT
        _demand(known, f"its format is not '{FORMAT}', or it was written by another version")
        latent = document.pop("latent", None)
        _demand(latent is None or isinstance(latent, dict), f"latent must be a table, got {brief(latent)}")
        return Card(**document, latent=None if latent is None else Normalisation(**latent))
    except (DataError, ValueError, TypeError) as error:
        # Where a key is missing or unknown, Python names the constructor, which means nothing here.
        message = one_line(error).replace("Card.__init__() ", "it ").replace("Normalisation.__init__() ", "latent ")
        raise DataError(f"corrupt checkpoint {path}: {message}; {REMEDY}") from error
