"""The components that translators learn from: predicted once, because the diffusion model is frozen.

A row is ``C = -x0_hat(alpha x_0 + sigma eps, level)`` under the domain's own condition, with the time of its level.
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor

from spectralkit.data import TrainingSet
from spectralkit.errors import NonFiniteError
from spectralkit.inversion.noise import Noise
from spectralkit.models.model import Model
from spectralkit_methods_cyclediff.translators import time_of

PART = 16
"""Rows predicted at a time, all at one level."""


@attrs.frozen(eq=False)
class Components:
    """Of one domain.

    Args:
        rows: (N, C, H, W), in half precision.
        times: (N,).
    """

    rows: Tensor
    times: Tensor

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random ones, (B, C, H, W) and (B,)."""
        chosen = torch.randint(len(self.rows), (count,), generator=generator)
        return self.rows[chosen].float(), self.times[chosen]


@attrs.frozen(eq=False)
class Predictor:
    """Predicts components of a model.

    Args:
        model: The diffusion model.
        data: What it is shown.
        size: Side of the crops.
        levels: How many levels; they are taken evenly.
        seed: Of crops and noise.
    """

    model: Model
    data: TrainingSet
    size: int
    levels: int
    seed: int

    def times(self, count: int) -> Tensor:
        """(N,), the times of so many rows."""
        levels = self.model.schedule.levels(self.levels)
        return torch.tensor([time_of(levels[index]) for index in self._indices(count)])

    @torch.no_grad()
    def rows(self, domain: int, count: int) -> Tensor:
        """(N, C, H, W) in half precision on the CPU.

        Raises:
            NonFiniteError: If the model predicts what half precision cannot hold.
        """
        name = self.data.conditions[domain]
        condition, levels = self.model.condition(name), self.model.schedule.levels(self.levels)
        indices, found = self._indices(count), []
        for first in range(0, count, PART):
            ids = [f"component-{name}-{i}" for i in range(first, min(first + PART, count))]
            noise, level = Noise(self.seed, ids), levels[indices[first]]
            crops = self.data.draw([domain] * len(ids), self.size, noise.generator(0, "crops"))
            x0 = self.model.codec.encode(crops.to(self.model.device), noise).float()
            x = level.alpha * x0 + level.sigma * noise.normal("noise", x0)
            found.append(-self.model.denoiser(x, level, condition).x0.half().cpu())
        rows = torch.cat(found)
        if not torch.isfinite(rows).all():
            raise NonFiniteError(
                f"model '{self.model.name}' predicts no finite images of '{name}' at some of {self.levels} levels: "
                "check it, or try fewer --levels"
            )
        return rows

    def _indices(self, count: int) -> list[int]:
        """The level of each row: one a part, all of the levels above the clean one in even shares."""
        parts = -(-count // PART)
        return [1 + (row // PART) * self.levels // parts for row in range(count)]
