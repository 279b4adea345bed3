"""Anybody's network as a model: ``from_network``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.frozen import frozen, place_of
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError
from spectralkit.models.model import Codec, Model, PixelCodec
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import brief

UNCONDITIONAL = "any"
"""The one condition of a network that takes none."""


class Called(nn.Module):
    """A network brought to ``F(x, label, embedding)``: what it returns is a tensor, or a container with it in front."""

    def __init__(self, network: nn.Module, conditional: bool) -> None:
        super().__init__()
        self.network, self.conditional = network, conditional

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, ...) -> (B, C, H, W)."""
        output = self.network(x, label, embedding) if self.conditional else self.network(x, label)
        return cast(Tensor, output if isinstance(output, Tensor) else output[0])


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
    built = registry().build("parameterization", process) if isinstance(process, str) else process
    if not isinstance(built, Process):
        raise ConfigurationError(f"process must be a parameterization's name or a Process, got {brief(process)}")
    network = frozen(Called(network, conditional=conditions is not None), dtype=dtype)
    place = place_of(network)
    precision = place.dtype if place.is_floating_point() else torch.float32
    rows = _rows(conditions)
    nothing = torch.tensor([null]) if isinstance(null, int) else null
    for told, row in {**rows, **({} if nothing is None else {"null": nothing})}.items():
        first = next(iter(rows.values()))
        if row.ndim == 0 or row.shape != first.shape or row.shape[0] != 1 or row.dtype != first.dtype:
            raise ConfigurationError(
                f"condition {told!r} must be one row, (1, ...), shaped and typed as the others, got {row.dtype} "
                f"{tuple(row.shape)}"
            )
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
    if isinstance(conditions, str) or not conditions or not all(isinstance(name, str) for name in conditions):
        raise ConfigurationError("conditions must be names, or embeddings by name, and at least one")
    if isinstance(conditions, Mapping):
        return {name: embedding.detach() for name, embedding in conditions.items()}
    return {name: torch.tensor([index]) for index, name in enumerate(conditions)}
