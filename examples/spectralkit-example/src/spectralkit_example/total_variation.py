r"""Total variation of an image against that of its reference.

``TV(x)`` is the mean absolute difference of neighbouring pixels; the score is ``min(r, 1 / r)`` of the ratio
``r = TV(generated) / TV(reference)``: 1 where both vary alike, towards 0 where one is flat or noisy.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spectralkit.metric import MeanScore, check_images


def variation(images: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and of vertical neighbours: (B, C, H, W) -> (B,), float64."""
    images = images.double()
    down, right = images.diff(dim=-2).abs(), images.diff(dim=-1).abs()
    return down.flatten(1).mean(dim=1) + right.flatten(1).mean(dim=1)


class TotalVariation(MeanScore):
    """Similarity of total variation, in [0, 1]."""

    higher_is_better = True

    def score(self, generated: Tensor, reference: Tensor) -> Tensor:
        """``min(r, 1 / r)`` of each pair, (B,)."""
        check_images("total-variation", generated=generated, reference=reference)
        pair = torch.stack((variation(generated), variation(reference)))
        low, high = pair.amin(dim=0), pair.amax(dim=0)
        # Two flat images vary alike.
        return torch.where(high > 0, low / high.clamp_min(torch.finfo(high.dtype).tiny), torch.ones_like(high))
