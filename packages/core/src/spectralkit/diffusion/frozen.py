"""Networks as the toolkit uses them: frozen, and never changed in place.

Gradients are taken with respect to inputs only. A network that belongs to somebody else is neither frozen nor moved:
its structure is copied, its tensors are shared where they are already in the right place and precision.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


def frozen(module: M, device: torch.device | None = None, dtype: torch.dtype | None = None) -> M:
    """A copy in evaluation mode without parameter gradients, on ``device`` and in ``dtype`` where given.

    Tensors that need no conversion are shared with ``module``; so a copy takes no memory of its own, or that of what
    was converted. Integer tensors keep their precision.
    """
    memo: dict[int, object] = {}
    for tensor in (*module.parameters(), *module.buffers()):
        wanted = dtype if tensor.is_floating_point() else None
        moved = tensor.detach().to(device=device, dtype=wanted)
        memo[id(tensor)] = nn.Parameter(moved, requires_grad=False) if isinstance(tensor, nn.Parameter) else moved
    return copy.deepcopy(module, memo).eval()


def place_of(module: nn.Module) -> Tensor:
    """Some tensor of the module, for its device and precision."""
    return next(iter((*module.parameters(), *module.buffers())), torch.empty(0))
