"""Anybody's network as a model: ``from_network``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.frozen import frozen, place_of
from spectralkit.diffusion.parameterization import Parameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Schedule
from spectralkit.errors import ConfigurationError, DataError, SpectralkitError
from spectralkit.models.device import check_precision
from spectralkit.models.model import Codec, Model, PixelCodec
from spectralkit.plugins.held import held, hold, takes
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import brief, reason

UNCONDITIONAL = "any"
"""The one condition of a network that takes none."""


class Called(nn.Module):
    """A network brought to ``F(x, label, embedding)``: what it returns is a tensor, or a container with it in front."""

    def __init__(self, network: nn.Module, conditional: bool) -> None:
        super().__init__()
        self.network, self.conditional = network, conditional

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, ...) -> (B, C, H, W).

        Raises:
            DataError: If the network fails, or returns no tensor.
        """
        told = (x, label, embedding) if self.conditional else (x, label)
        try:
            output = self.network(*told)
        except (SpectralkitError, torch.OutOfMemoryError, MemoryError):
            raise
        except Exception as error:
            given = f"x {tuple(x.shape)}, label {tuple(label.shape)}, condition {_told(embedding)}"
            raise DataError(f"the network failed, called with {given}: {reason(error)}") from error
        return output if isinstance(output, Tensor) else _front(output)


def _front(output: Any) -> Tensor:
    """The tensor in front of a container."""
    try:
        front = output[0]
    except (TypeError, LookupError):
        front = None
    if not isinstance(front, Tensor):
        raise DataError(f"the network returned {brief(output)}, expected a tensor, alone or in front of a tuple")
    return front


def _told(embedding: Tensor) -> str:
    """Classes by their numbers, embeddings by their shape."""
    classes = embedding.ndim == 1 and not embedding.is_floating_point()
    return str(sorted(set(embedding.tolist()))) if classes else str(tuple(embedding.shape))


@held
def from_network(
    network: nn.Module,
    *,
    process: str | Process,
    shape: tuple[int, int, int],
    conditions: Sequence[str] | Mapping[str, Tensor] | None = None,
    null: Tensor | int | None = None,
    codec: Codec | None = None,
    dtype: torch.dtype | None = None,
    name: str = "network",
) -> Model:
    """A model around a network of one's own, which stays as it is: trainable, and where it was.

    The network is called as ``network(x, label, condition)`` with x (B, C, H, W), label (B,) (a timestep, or what the
    process calls a level) and condition (B, ...), or as ``network(x, label)`` where ``conditions`` is None. It returns
    a tensor shaped as x, alone or in front of a tuple (diffusers' outputs are such).

    Args:
        network: Any module; the model holds a frozen copy in evaluation mode that shares its weights.
        process: What its output means and on which levels: a parameterization's name (``ddim``, ``edm``) or a
            :class:`~spectralkit.diffusion.process.Process`.
        shape: (C, H, W) of the images.
        conditions: Names of integer classes 0, 1, ..., or an embedding (1, ...) by name; None for an unconditional
            network, whose one condition is called ``any``.
        null: The class or embedding of no condition, where the network learned one; guidance needs it.
        codec: Between pixels and the network's space; None is pixels in [-1, 1].
        dtype: What the network runs in; None is the precision of its weights.
        name: What messages call it.

    Raises:
        ConfigurationError: If the conditions are empty or do not fit one another, or the process is none.
    """
    check_precision(dtype)
    if min(shape) < 1:
        raise ConfigurationError(f"shape must be (C, H, W), each at least 1, got {shape}")
    if isinstance(null, int) and not 0 <= null < 1 << 63:
        raise ConfigurationError(f"null must be the number of a class, at least 0, got {brief(null)}")
    if conditions is not None and not takes(network.forward, "x", "label", "condition"):
        raise ConfigurationError(
            f"the network {type(network).__name__} takes no condition: leave conditions out, or give it a forward(x, "
            "label, condition)"
        )
    built = registry().build("parameterization", process) if isinstance(process, str) else process
    assert isinstance(built, Process)
    hold("sk.from_network", "the process's schedule", built.schedule, Schedule)
    hold("sk.from_network", "the process's parameterization", built.parameterization, Parameterization)
    network = frozen(Called(network, conditional=conditions is not None), dtype=dtype)
    place = place_of(network)
    precision = place.dtype if place.is_floating_point() else torch.float32
    rows, nothing = _rows(conditions), torch.tensor([null]) if isinstance(null, int) else null
    _check_rows(rows, nothing)
    model = Model(
        name=name,
        denoiser=NetworkDenoiser(network, built.parameterization, precision),
        schedule=built.schedule,
        codec=codec or PixelCodec(),
        conditions=rows,
        null=nothing,
        shape=shape,
        dataset="",
    )
    return model.to(place.device)


def _rows(conditions: Sequence[str] | Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    """(1, ...) by name."""
    if conditions is None:
        return {UNCONDITIONAL: torch.zeros(1, 0)}
    if not conditions or len(set(conditions)) < len(conditions):
        raise ConfigurationError(f"conditions must be at least one name, each of them once, got {brief(conditions)}")
    if isinstance(conditions, Mapping):
        return {name: embedding.detach() for name, embedding in conditions.items()}
    return {name: torch.tensor([index]) for index, name in enumerate(conditions)}


def _check_rows(rows: Mapping[str, Tensor], null: Tensor | None) -> None:
    """Refuse embeddings that do not fit one another."""
    first = next(iter(rows.values()))
    for told, row in {**rows, **({} if null is None else {"null": null})}.items():
        if row.ndim == 0 or row.shape != first.shape or row.shape[0] != 1 or row.dtype != first.dtype:
            raise ConfigurationError(
                f"condition {told!r} must be one row, (1, ...), shaped and typed as the others, got {row.dtype} "
                f"{tuple(row.shape)}"
            )
