"""What is trained: a module, where its batches come from, its loss, how it is shown, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import attrs
import torch
from torch import Tensor, nn

Batch = tuple[Tensor, ...]
"""Tensors with one row a sample; several processes share them out by rows."""

Loss = Callable[[nn.Module, Batch, int], Tensor]
"""The mean loss of a batch in a step under a module: see :meth:`Task.loss`."""


@attrs.frozen(eq=False)
class Shown:
    """Pictures of what a module can do, and how well.

    Args:
        images: (N, C, H, W) in [0, 1].
        columns: Pictures in a row.
        scores: By the metric's name.
    """

    images: Tensor
    columns: int
    scores: dict[str, float]


@attrs.frozen(eq=False)
class Rival:
    """Learns against the task's module, as a discriminator does: after it in every step, on the same batch.

    It has an optimiser of the same kind and rate, and its place in the state, but is neither averaged nor exported.

    Args:
        name: What the journal calls its loss.
        module: Holds its weights, and in buffers whatever else it carries from step to step.
        loss: Of its module.
    """

    name: str
    module: nn.Module
    loss: Loss


class Task(Protocol):
    """Something to be trained."""

    @property
    def module(self) -> nn.Module:
        """Holds the weights; other tensors of the task stay as they are."""
        ...

    @property
    def rivals(self) -> tuple[Rival, ...]:
        """What learns against it, none in most tasks; a gradient of one's loss never reaches the other's weights."""
        ...

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        """A random batch of step ``step``, on the CPU; all that is random comes from the generator."""
        ...

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        """The mean loss of a batch under ``module``: the task's own, wrapped for several processes, or a copy."""
        ...

    def show(self, module: nn.Module) -> Shown:
        """Pictures and scores of ``module``, the same for the same weights."""
        ...

    def export(self, module: nn.Module, directory: Path, training: dict[str, Any]) -> None:
        """Write what a user will load into a directory, with all that made it (``training``)."""
        ...
