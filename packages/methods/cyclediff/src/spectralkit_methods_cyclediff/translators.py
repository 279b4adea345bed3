r"""Translators between the clean components of two conditions of a model, and what they are for.

.. math::
    G(C, t) = C + U(C, 1000 t), \qquad t = \sigma / (\alpha + \sigma),

with U a small U-Net whose last layer is zero at first, so that training begins at the identity.

A condition is an embedding that the model learned. Translators carry the two that they were trained under, and by them
both the conditions and the model of a run are known again, whatever it is called and in whatever precision it runs.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.batch import shape_of
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.frozen import frozen
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.plugins.text import times

CLOSE = 0.01
"""Embeddings whose difference is a smaller part of them are the same: bfloat16 rounds to 0.004."""

TIMESTEPS = 1000
"""What U is told at t = 1."""


class Translator(nn.Module):
    """G.

    Args:
        network: U, a diffusers ``UNet2DModel`` without classes.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, component: Tensor, time: Tensor) -> Tensor:
        """(B, C, H, W) and (B,) in [0, 1] -> (B, C, H, W)."""
        return component + cast(Tensor, self.network(component, TIMESTEPS * time, return_dict=False)[0])


def time_of(level: Level) -> float:
    """t of a level, in [0, 1]."""
    return level.sigma / (level.alpha + level.sigma)


@attrs.frozen(eq=False)
class Domain:
    """One of the two conditions.

    Args:
        name: What the model calls it.
        embedding: (1, ...), what the model is told.
    """

    name: str
    embedding: Tensor = attrs.field(repr=shape_of)

    def is_that_of(self, condition: Condition) -> bool:
        """Whether a model is told the same."""
        ours, theirs = (row.detach().cpu() for row in (self.embedding, condition.embedding[:1]))
        if ours.shape != theirs.shape:
            return False
        if not ours.is_floating_point():  # a class's number
            return torch.equal(ours, theirs)
        return bool((ours.double() - theirs).norm() <= CLOSE * ours.double().norm())


def _frozen(network: nn.Module) -> nn.Module:
    return frozen(network)


@attrs.frozen(eq=False)
class Translators:
    """A network in each direction, frozen.

    Args:
        source: One condition.
        target: The other.
        shape: (C, H, W) of the states.
        to_target: ``(C, t) -> C`` from the source's components to the target's.
        to_source: The other way.
        model: What the model was called.
        place: Where they come from, as messages name it.
    """

    source: Domain
    target: Domain
    shape: tuple[int, int, int]
    to_target: nn.Module = attrs.field(converter=_frozen, repr=False)
    to_source: nn.Module = attrs.field(converter=_frozen, repr=False)
    model: str = ""
    place: str = "given here"

    def check_source(self, context: Context) -> None:
        """Refuse a run that begins with another shape or condition.

        Raises:
            ConfigurationError: Naming both.
        """
        shape = tuple(context.x0.shape[1:])
        if shape != self.shape:
            raise self._misfit(f"has states of {times(shape)} in place of {times(self.shape)}", context)
        if not any(domain.is_that_of(context.source) for domain in (self.source, self.target)):
            raise self._misfit("begins with neither, as they were learned there", context)

    def between(self, context: Context) -> nn.Module:
        """The network from the run's source to its target, where the run is and in its precision.

        Raises:
            ConfigurationError: If there is none.
        """
        for here, there, network in (
            (self.source, self.target, self.to_target),
            (self.target, self.source, self.to_source),
        ):
            if here.is_that_of(context.source) and there.is_that_of(context.target):
                return frozen(network, context.x0.device, context.x0.dtype)
        raise self._misfit("does not lead from one to the other", context)

    def _misfit(self, told: str, context: Context) -> ConfigurationError:
        ours, theirs = (f" of model '{name}'" if name else "" for name in (self.model, context.model))
        return ConfigurationError(
            f"cyclediff's translators {self.place} are for the conditions '{self.source.name}' and "
            f"'{self.target.name}'{ours}, but this run{theirs} {told}: choose its own translators, or use `spectralkit "
            "train-cyclediff` to train some"
        )
