"""The edge map of an image: thin black lines on white, as a pen draws them.

Canny (1986): the gradient of the luma after a Gaussian of sd ``SIGMA`` pixels, thinned to its ridges, and kept where it
exceeds 0.2, or 0.1 beside a kept one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spectralkit.pictures.channels import LUMA

SIGMA = 1.5


def edges(image: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] -> (3, H, W), 0 on an edge and 1 elsewhere."""
    from skimage.feature import canny

    luma = torch.einsum("c,chw->hw", image.new_tensor(LUMA), image)
    lines = torch.from_numpy(canny(luma.numpy(), sigma=SIGMA))
    return (~lines).float().expand_as(image).contiguous()
