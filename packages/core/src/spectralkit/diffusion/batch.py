"""Per-sample linear algebra over batches of images: every sum runs within a sample, never across the batch."""

from __future__ import annotations

import torch
from torch import Tensor


def inner(a: Tensor, b: Tensor) -> Tensor:
    """Inner product of each sample, (B, C, H, W) x (B, C, H, W) -> (B, 1, 1, 1)."""
    return (a * b).flatten(1).sum(dim=1).view(-1, *(1,) * (a.ndim - 1))


def squared_norm(a: Tensor) -> Tensor:
    """Squared Euclidean norm of each sample, (B, 1, 1, 1)."""
    return inner(a, a)


def norm(a: Tensor) -> Tensor:
    """Euclidean norm of each sample, (B, 1, 1, 1)."""
    return squared_norm(a).sqrt()


def unit(a: Tensor) -> Tensor:
    """Each sample divided by its norm, zero where it is zero; squares can neither overflow nor vanish."""
    peak = a.abs().flatten(1).amax(dim=1).view(-1, *(1,) * (a.ndim - 1))
    scaled = a / torch.where(peak > 0, peak, torch.ones_like(peak))
    return scaled / norm(scaled).clamp_min(1)  # the norm is at least 1 wherever the peak is not 0


def unsound(*values: Tensor) -> int | None:
    """The first sample in which one of the values, (B, ...) each, holds NaN or infinity; None where all are finite.

    A finite sum has finite terms, and is had in one pass; only where it is none, be it by overflow, each is looked at.
    """
    if torch.stack([value.detach().sum() for value in values]).sum().isfinite():
        return None
    finite = torch.stack([torch.isfinite(value).flatten(1).all(dim=1) for value in values]).all(dim=0)
    return None if finite.all() else int((~finite).nonzero()[0])


def dimension(a: Tensor) -> int:
    """``d = C H W``."""
    return a[0].numel()


def expand(embedding: Tensor, batch: int) -> Tensor:
    """One embedding row per sample: (1 | B, ...) -> (B, ...)."""
    return embedding if embedding.shape[0] == batch else embedding.expand(batch, *embedding.shape[1:])


def shape_of(x: Tensor | None) -> str:
    """How a tensor appears in the ``repr`` of what holds it: ``float32 (2, 3, 64, 64)``."""
    return "None" if x is None else f"{str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"


def double(x: Tensor) -> Tensor:
    """Stack a batch on itself, (B, ...) -> (2 B, ...)."""
    return torch.cat((x, x))
