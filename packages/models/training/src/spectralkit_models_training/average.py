"""The exponential moving average of the weights, which is what is shown, scored and exported."""

from __future__ import annotations

import copy

import torch
from torch import nn

HEAD_START = 100
"""Steps whose weights are copied rather than averaged: they are too far from anything to be remembered."""


def decay(step: int, most: float) -> float:
    """The decay after step 1, 2, ...: 0 at first, then ``min(most, (1 + m) / (10 + m))`` with m the steps since."""
    m = step - HEAD_START
    return 0.0 if m <= 0 else min(most, (1 + m) / (10 + m))


def averaged(module: nn.Module) -> nn.Module:
    """A frozen copy to hold the average."""
    return copy.deepcopy(module).requires_grad_(False).eval()


@torch.no_grad()
def follow(average: nn.Module, module: nn.Module, step: int, most: float) -> None:
    """Move ``average`` towards ``module`` after step ``step``; buffers are copied."""
    means, values = ([weight.detach() for weight in network.parameters()] for network in (average, module))
    torch._foreach_lerp_(means, values, 1 - decay(step, most))
    for mean, value in zip(average.buffers(), module.buffers(), strict=True):
        mean.copy_(value)
