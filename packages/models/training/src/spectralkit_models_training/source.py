"""Where training samples come from: crops drawn anew; see also :mod:`~spectralkit_models_training.bank`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import attrs
import torch
from torch import Tensor

from spectralkit.data import TrainingSet

MEASURED, PART = 2048, 64
"""Crops whose spread is measured, and those drawn at a time."""


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
    generator, count, total, squares = torch.Generator().manual_seed(seed), 0, 0.0, 0.0
    for _ in range(MEASURED // PART):  # all at once would not fit into memory where images are large
        x = draw(PART, generator).double()
        count, total, squares = count + x.numel(), total + float(x.sum()), squares + float(x.square().sum())
    return round(math.sqrt((squares - total**2 / count) / (count - 1)), 4)
