"""What is trained: a module, where its batches come from, its loss, how it is shown, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import attrs
import torch
from torch import Tensor, nn

Batch = tuple[Tensor, ...]
"""Tensors with one row a sample; several processes share them out by rows."""


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


class Task(Protocol):
    """Something to be trained."""

    @property
    def module(self) -> nn.Module:
        """Holds the weights; other tensors of the task stay as they are."""
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
