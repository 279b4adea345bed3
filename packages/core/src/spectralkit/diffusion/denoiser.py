r"""Denoisers: x_t and a level in, a prediction out.

Classifier-free guidance (Ho & Salimans 2022) is ``F(null) + w (F(c) - F(null))`` on the raw output, which is the same
as on ``eps_hat`` or ``x0_hat`` because those maps are affine. ``w = 1`` is purely conditional and costs one forward,
``w = 0`` purely unconditional; every other weight costs two, run as one doubled batch.
"""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.batch import double, expand
from spectralkit.diffusion.frozen import frozen
from spectralkit.diffusion.parameterization import Parameterization
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError, DataError


@attrs.frozen(eq=False)
class Condition:
    """What a denoiser is told besides the level.

    Args:
        embedding: (1, ...) or (B, ...), the class, prompt or measurement.
        null: The same shape, the learned absence of it; guidance extrapolates away from it. None where the network
            learned none.
    """

    embedding: Tensor
    null: Tensor | None

    @property
    def absence(self) -> Tensor:
        """``null``, where there is one.

        Raises:
            ConfigurationError: If the network learned none.
        """
        if self.null is None:
            raise ConfigurationError(
                "this model has no null class, which guidance and this method extrapolate from: leave guidance at 1"
            )
        return self.null


@runtime_checkable
class Denoiser(Protocol):
    """``(x, level, condition, guidance) -> Prediction``, differentiable in x and in the condition."""

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction: ...

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> Self:
        """The denoiser on another device, or with its network in another precision; this one stays as it is."""
        ...


class Network(Protocol):
    """``F(x, label, embedding)``: (B, C, H, W), (B,), (B, ...) -> (B, C, H, W)."""

    def __call__(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor: ...


def evaluations(guidance: float, condition: Condition) -> int:
    """Network rows per sample that a guidance weight costs; a network without a null may be told it as a number."""
    return 1 if guidance in (0.0, 1.0) or condition.null is None else 2


def guide(network: Network, x: Tensor, label: Tensor, condition: Condition, guidance: float) -> Tensor:
    """The guided raw output."""
    batch = x.shape[0]
    if guidance in (0.0, 1.0):
        embedding = condition.embedding if guidance == 1.0 else condition.absence
        return network(x, label, expand(embedding, batch))
    embeddings = torch.cat((expand(condition.absence, batch), expand(condition.embedding, batch)))
    null, conditional = network(double(x), double(label), embeddings).chunk(2)
    return null + guidance * (conditional - null)


@attrs.frozen(eq=False)
class NetworkDenoiser:
    """A network with the parameterization that gives its output a meaning.

    The state keeps its own precision; only the network runs in ``dtype``.

    Args:
        network: Frozen, in evaluation mode.
        parameterization: The meaning of its output.
        dtype: The network's precision.
    """

    network: nn.Module = attrs.field(repr=lambda network: type(network).__name__)
    parameterization: Parameterization
    dtype: torch.dtype = torch.float32

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction:
        """``x0_hat`` and ``eps_hat`` at x, (B, C, H, W)."""
        scaled = (self.parameterization.input_scale(level.alpha, level.sigma) * x).to(self.dtype)
        # A label is no activation: in bfloat16 the timestep 981 would be 980.
        label = x.new_full((x.shape[0],), level.label, dtype=torch.promote_types(self.dtype, torch.float32))
        output = guide(self.network, scaled, label, condition, guidance).to(x.dtype)
        if output.shape != x.shape:  # one that broadcasts would be wrong without a word
            raise DataError(f"the network gives {tuple(output.shape)} for a state of {tuple(x.shape)}: both must agree")
        if not output.requires_grad:
            x = x.detach()  # a gradient that passed the network by would be wrong without a word
        affine = self.parameterization.affine(level.alpha, level.sigma)
        return Prediction(affine.p * x + affine.q * output, affine.p_eps * x + affine.q_eps * output)

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> NetworkDenoiser:
        """The denoiser with a copy of its network on another device, or in another precision."""
        return attrs.evolve(self, network=frozen(self.network, device, dtype), dtype=dtype or self.dtype)
