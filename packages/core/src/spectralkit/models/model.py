"""A model: a denoiser with its codec, conditions and schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self, runtime_checkable

import attrs
import torch
from torch import Tensor, nn

from spectralkit.data import TranslationDataset
from spectralkit.diffusion.denoiser import Condition, Denoiser, NetworkDenoiser
from spectralkit.diffusion.schedule import Schedule
from spectralkit.errors import ConfigurationError, DataError, UnknownNameError
from spectralkit.inversion.noise import Noise
from spectralkit.models.device import check_precision, find_device
from spectralkit.plugins.held import held, hold, hold_fields
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import counted, enumerated, nearest, times


@runtime_checkable
class Codec(Protocol):
    """Pixels <-> the space the diffusion lives in."""

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, c, h, w)."""
        ...

    def decode(self, x: Tensor) -> Tensor:
        """(B, c, h, w) -> (B, C, H, W), clamped to [0, 1]."""
        ...

    def to(self, device: torch.device | None = None) -> Self:
        """The codec on another device; this one stays as it is."""
        ...


@attrs.frozen
class PixelCodec:
    """The diffusion lives on the pixels themselves, in [-1, 1]."""

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        return 2 * images - 1

    def decode(self, x: Tensor) -> Tensor:
        return ((x + 1) / 2).clamp(0, 1)

    def to(self, device: torch.device | None = None) -> PixelCodec:
        return self


@attrs.frozen(eq=False, repr=False)
class Model:
    """What a model plugin builds.

    Args:
        name: The name it was asked for by.
        denoiser: ``(x, level, condition, guidance) -> Prediction``.
        schedule: The noise levels.
        codec: Pixels <-> diffusion space.
        conditions: One embedding (1, ...) per condition name.
        null: (1, ...), the embedding of no condition; None where the network learned none.
        shape: (C, H, W) of its images.
        dataset: Name of the data it was trained on or fitted to.
        provenance: Where the weights come from: training configuration, digests.
        multiple: What the sides of images of other sizes must be divisible by; None where it takes no other size.
        aliases: Further names of conditions, as of a class its number.
        told: What loading found and assumed, in lines; somebody who runs the model is shown them.
    """

    name: str
    denoiser: Denoiser
    schedule: Schedule
    codec: Codec
    conditions: Mapping[str, Tensor]
    null: Tensor | None
    shape: tuple[int, int, int]
    dataset: str
    provenance: Mapping[str, Any] = attrs.field(factory=dict)
    multiple: int | None = None
    aliases: Mapping[str, str] = attrs.field(factory=dict)
    told: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        hold_fields(self)
        if min(self.shape) < 1:
            raise ContractError(self.shape, "cannot be shape of Model: it must be (C, H, W), each at least 1")
        if not self.conditions:
            raise ContractError(self.conditions, "cannot be conditions of Model: it must have at least one")

    def condition(self, name: str) -> Condition:
        """The condition called ``name``.

        Raises:
            UnknownNameError: If the model was not trained on it.
        """
        if not self.knows(name):
            raise UnknownNameError(
                f"model '{self.name}' does not know the condition {name!r}: {nearest(name, self.conditions)}"
                f"it knows {enumerated(self.conditions)}"
            )
        return Condition(self.conditions[self.aliases.get(name, name)], self.null)

    def knows(self, name: str) -> bool:
        """Whether there is a condition of that name."""
        return self.aliases.get(name, name) in self.conditions

    def takes(self, shape: tuple[int, ...]) -> bool:
        """Whether images of (C, H, W) fit: of the model's shape, or of its channels and a multiple of what it needs."""
        if self.multiple is None or shape[0] != self.shape[0]:
            return shape == self.shape
        return all(side % self.multiple == 0 for side in shape[1:])

    def told_of(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """What somebody is shown who runs the model on images of (C, H, W): also that they are of another size."""
        if shape == self.shape:
            return self.told
        return (*self.told, f"{'size':<12}images of {times(shape)}; the model's own are {times(self.shape)}")

    def check_images(self, shape: tuple[int, ...]) -> None:
        """Refuse images of (C, H, W) that do not fit.

        Raises:
            DataError: Naming both shapes, and what would help.
        """
        if not self.takes(shape):
            raise self._misfit("there are", shape, _remedy(shape, self.shape, self.multiple))

    def _misfit(self, owner: str, shape: tuple[int, ...], remedy: str) -> DataError:
        return DataError(
            f"{owner} images of {times(shape)}, but model '{self.name}' takes {times(self.shape)} "
            f"(channels x height x width): {remedy}"
        )

    def check_fits(self, dataset: TranslationDataset) -> None:
        """Refuse a data set of another shape or other conditions than the model's.

        Raises:
            DataError: Naming both shapes, or both sets of conditions.
        """
        if not self.takes(dataset.shape):
            raise self._misfit(f"data set '{dataset.name}' has", dataset.shape, "choose another data set or model")
        missing = [name for name in (dataset.source, dataset.target) if not self.knows(name)]
        if missing:
            raise DataError(
                f"data set '{dataset.name}' translates {dataset.source} into {dataset.target}, but model '{self.name}' "
                f"knows {enumerated(self.conditions)} and not {' or '.join(missing)}: name its own conditions for "
                "them, as source and target, or choose another data set, scale or model"
            )

    @held
    def to(self, device: str | torch.device | None = None, *, dtype: torch.dtype | None = None) -> Model:
        """A model on another device, or with its network in another precision; this one stays as it is.

        Only the network runs in ``dtype``; states, coefficients and losses stay in float32 or better.

        Raises:
            ConfigurationError: If the device is absent, or no network runs in ``dtype``.
        """
        where = None if device is None else find_device(device)
        check_precision(dtype)

        def moved(embedding: Tensor) -> Tensor:
            return embedding.to(where, dtype if embedding.is_floating_point() else None)

        return attrs.evolve(
            self,
            denoiser=self.denoiser.to(where, dtype),
            codec=self.codec.to(where),
            conditions={name: moved(embedding) for name, embedding in self.conditions.items()},
            null=None if self.null is None else moved(self.null),
        )

    @held
    def with_network(self, change: Callable[[nn.Module], nn.Module]) -> Model:
        """The model with another network behind its denoiser: ``model.with_network(torch.compile)``.

        Raises:
            ConfigurationError: If there is no network, as in a closed-form model.
        """
        if not isinstance(self.denoiser, NetworkDenoiser):
            raise ConfigurationError(f"model '{self.name}' has no network to change: its denoiser is a formula")
        changed = hold("Model.with_network", "what change returns", change(self.denoiser.network), nn.Module)
        return attrs.evolve(self, denoiser=attrs.evolve(self.denoiser, network=changed))

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(iter(self.conditions.values())).device

    def __repr__(self) -> str:
        return f"<Model '{self.name}': {times(self.shape)}, conditions {enumerated(self.conditions)}, on {self.device}>"


def _remedy(shape: tuple[int, ...], wanted: tuple[int, ...], multiple: int | None) -> str:
    """What to do with images of another shape."""
    channels = wanted[0]
    if shape[0] != channels and shape[-1] == channels:
        return "put the channels first, images.permute(0, 3, 1, 2)"
    if shape[0] == 1:
        return f"repeat the channel, images.expand(-1, {channels}, -1, -1)"
    if shape[0] != channels:
        return f"bring them to {counted(channels, 'channel')}"
    return "resize or crop them" if multiple is None else f"resize or crop them to sides that {multiple} divides"
