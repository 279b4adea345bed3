"""Where training samples come from: crops drawn anew; see also :mod:`~spectralkit_models_training.bank`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs
import torch
from torch import Tensor

from spectralkit.data import TrainingSet

MEASURED = 2048
"""Crops whose spread is measured."""


class Source(Protocol):
    """Supplies samples of the space that a diffusion lives in."""

    def draw(self, domains: Tensor, small: bool, generator: torch.Generator) -> Tensor:
        """One random sample a domain, (B, C, H, W); ``small`` ones have half the side."""
        ...


@attrs.frozen(eq=False)
class Crops:
    """Pixels in [-1, 1].

    Args:
        data: Whose crops.
        size: Their side.
    """

    data: TrainingSet
    size: int

    def draw(self, domains: Tensor, small: bool, generator: torch.Generator) -> Tensor:
        return 2 * self.data.draw(domains.tolist(), self.size // 2 if small else self.size, generator) - 1


def spread_of(draw: Callable[[int, torch.Generator], Tensor], seed: int) -> float:
    """The standard deviation of the data, which EDM calls ``sigma_data``, over a few thousand samples."""
    return round(draw(MEASURED, torch.Generator().manual_seed(seed)).double().std().item(), 4)
