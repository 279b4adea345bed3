r"""Denoisers: x_t and a level in, a prediction out.

Classifier-free guidance (Ho & Salimans 2022) is ``F(null) + w (F(c) - F(null))`` on the raw output, which is the same
as on ``eps_hat`` or ``x0_hat`` because those maps are affine. ``w = 1`` is purely conditional and costs one forward,
``w = 0`` purely unconditional; every other weight costs two, run as one doubled batch.
"""

from __future__ import annotations

from typing import Protocol, Self

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.batch import double, expand
from spectralkit.diffusion.parameterization import Parameterization
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level


@attrs.frozen(eq=False)
class Condition:
    """What a denoiser is told besides the level.

    Args:
        embedding: (1, ...) or (B, ...), the class, prompt or measurement.
        null: The same shape, the learned absence of it; guidance extrapolates away from it.
    """

    embedding: Tensor
    null: Tensor

    def to(self, device: torch.device) -> Condition:
        """The condition on another device."""
        return Condition(self.embedding.to(device), self.null.to(device))


class Denoiser(Protocol):
    """``(x, level, condition, guidance) -> Prediction``, differentiable in x and in the condition."""

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction: ...

    def to(self, device: torch.device) -> Self:
        """The denoiser on another device."""
        ...


class Network(Protocol):
    """``F(x, label, embedding)``: (B, C, H, W), (B,), (B, ...) -> (B, C, H, W)."""

    def __call__(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor: ...


def evaluations(guidance: float) -> int:
    """Network rows per sample that a guidance weight costs."""
    return 1 if guidance in (0.0, 1.0) else 2


def guide(network: Network, x: Tensor, label: Tensor, condition: Condition, guidance: float) -> Tensor:
    """The guided raw output."""
    batch = x.shape[0]
    if evaluations(guidance) == 1:
        embedding = condition.embedding if guidance == 1.0 else condition.null
        return network(x, label, expand(embedding, batch))
    embeddings = torch.cat((expand(condition.null, batch), expand(condition.embedding, batch)))
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

    network: nn.Module
    parameterization: Parameterization
    dtype: torch.dtype = torch.float32

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction:
        """``x0_hat`` and ``eps_hat`` at x, (B, C, H, W)."""
        scaled = (self.parameterization.input_scale(level.alpha, level.sigma) * x).to(self.dtype)
        label = torch.full((x.shape[0],), level.label, dtype=self.dtype, device=x.device)
        output = guide(self.network, scaled, label, condition, guidance).to(x.dtype)
        affine = self.parameterization.affine(level.alpha, level.sigma)
        return Prediction(affine.p * x + affine.q * output, affine.p_eps * x + affine.q_eps * output)

    def to(self, device: torch.device) -> NetworkDenoiser:
        """The denoiser with its network on another device."""
        return attrs.evolve(self, network=self.network.to(device))
