r"""What a diffusion network is trained on: noised samples, targets, and the weight of each level.

With :math:`x = \alpha x_0 + \sigma \varepsilon`, F the network's output on the scaled x, and F* its target,

.. math::
    L = \mathrm{E}\, w(\alpha, \sigma)\, \lVert F - F^* \rVert^2 .

* ``output``: w = 1. For EDM this is the weighted denoising loss of Karras et al. 2022, whose weight is 1 / c_out^2.
* ``min-snr`` (Hang et al. 2023): the error of the clean image, weighted by min(SNR, gamma). As
  :math:`\hat x_0 = p x + q F`, that is :math:`w = q^2 \min(\alpha^2 / \sigma^2, \gamma)` on the error of F, whatever F
  means.
* ``middle``: :math:`w = 2 a s + 0.15` with a and s the shares of signal and noise, alpha and sigma over the root of
  their squares' sum; the levels in between, at which the image is decided, count for most.
"""

from __future__ import annotations

from typing import Literal, cast

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import LevelBatch

Weight = Literal["output", "min-snr", "middle"]

LEAST = 0.15
"""What ``middle`` leaves to the ends."""


@attrs.frozen(eq=False)
class Problem:
    """A batch of regressions.

    Args:
        scaled: (B, C, H, W), what the network is given.
        label: (B,), the level it is told.
        target: (B, C, H, W), what its output should be.
        weight: (B,), how much each sample counts.
    """

    scaled: Tensor
    label: Tensor
    target: Tensor
    weight: Tensor

    def loss(self, output: Tensor) -> Tensor:
        """The weighted mean squared error of (B, C, H, W)."""
        return (self.weight * (output.float() - self.target).square().flatten(1).mean(dim=1)).mean()


@attrs.frozen
class Objective:
    """Makes problems of samples.

    Args:
        process: The levels, and what the output means.
        weight: How levels are weighted.
        gamma: Bound of ``min-snr``.
    """

    process: Process
    weight: Weight = "output"
    gamma: float = 5.0

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """Random levels."""
        return self.process.schedule.draw(batch, generator)

    def problem(self, x0: Tensor, eps: Tensor, levels: LevelBatch) -> Problem:
        """The regression at (B,) levels for (B, C, H, W) samples and noise."""
        alpha, sigma = (row.to(x0.dtype).view(-1, *(1,) * (x0.ndim - 1)) for row in (levels.alpha, levels.sigma))
        parameterization = self.process.parameterization
        return Problem(
            scaled=parameterization.input_scale(alpha, sigma) * (alpha * x0 + sigma * eps),
            label=levels.label.to(x0.dtype),
            target=parameterization.target(x0, eps, alpha, sigma),
            weight=self.weights(levels).to(x0.dtype),
        )

    def weights(self, levels: LevelBatch) -> Tensor:
        """w of (B,) levels, in their precision."""
        alpha, sigma = levels.alpha, levels.sigma
        if self.weight == "output":
            return torch.ones_like(alpha)
        if self.weight == "middle":
            return 2 * alpha * sigma / (alpha**2 + sigma**2) + LEAST
        q = cast(Tensor, self.process.parameterization.affine(alpha, sigma).q)
        return q**2 * ((alpha / sigma) ** 2).clamp(max=self.gamma)
