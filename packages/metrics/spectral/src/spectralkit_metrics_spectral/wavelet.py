r"""The finest detail bands of the orthonormal Symlet transform, in whole-tensor operations.

One level of the periodised two-dimensional transform filters rows and columns with the low- and high-pass filters of
``symN`` and keeps every second sample:

    y[i] = sum_j h[j] x[(2 i + L / 2 - j) mod n],        L = 2 N taps,

so that the four bands have together exactly the energy of the image. A side of odd length is first extended by
repeating its last row or column, as PyWavelets does in its mode ``periodization``.

A filter is a sum of L shifted views: memory-bound but vectorised everywhere, where a convolution of one channel is
slow.
"""

from __future__ import annotations

from functools import lru_cache

import pywt
import torch
from torch import Tensor

ORDERS = (2, 20)
"""Smallest and largest Symlet: sym2 ... sym20."""

CHUNK = 2**20
"""Pixels worked on at once, which bounds the working memory."""


@lru_cache
def filters(order: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Low- and high-pass analysis filters of ``sym{order}``, reversed for correlation."""
    wavelet = pywt.Wavelet(f"sym{order}")
    return tuple(reversed(wavelet.dec_lo)), tuple(reversed(wavelet.dec_hi))


def _phases(x: Tensor, taps: int) -> tuple[Tensor, Tensor]:
    """Even and odd rows of the periodic extension that a filter of ``taps`` needs: (..., n, W) -> twice (..., m, W)."""
    if x.shape[-2] % 2:
        x = torch.cat([x, x[..., -1:, :]], dim=-2)
    n = x.shape[-2]
    rows = torch.arange(1 - taps // 2, n + taps // 2 - 1, device=x.device) % n
    return x.index_select(-2, rows[::2]), x.index_select(-2, rows[1::2])


def _correlate(phases: tuple[Tensor, Tensor], taps: tuple[float, ...]) -> Tensor:
    """Every second output of a filter along the rows' axis: (..., n / 2, W)."""
    outputs = phases[0].shape[-2] - len(taps) // 2 + 1
    total = phases[0].narrow(-2, 0, outputs) * taps[0]
    for j in range(1, len(taps)):
        total.add_(phases[j % 2].narrow(-2, j // 2, outputs), alpha=taps[j])
    return total


def details(images: Tensor, order: int) -> Tensor:
    """Level-1 detail coefficients of ``sym{order}``: (B, C, H, W) -> (B, C, 3, ceil(H / 2), ceil(W / 2)).

    The bands are horizontal, vertical and diagonal, in PyWavelets' names and order.
    """
    low, high = filters(order)
    down = _phases(images, len(low))
    smooth, rough = (_phases(_correlate(down, taps).mT.contiguous(), len(low)) for taps in (low, high))
    bands = (_correlate(rough, low), _correlate(smooth, high), _correlate(rough, high))
    return torch.stack([band.mT for band in bands], dim=2)


def detail_energy(images: Tensor, order: int) -> Tensor:
    """Sum of squared level-1 details over bands, channels and positions: (B, C, H, W) -> (B,), float64."""
    per_chunk = max(1, CHUNK // images[0].numel())
    return torch.cat([_energy(chunk, order) for chunk in torch.split(images, per_chunk)])


def _energy(images: Tensor, order: int) -> Tensor:
    """The energy of one chunk.

    Filtering rows is orthonormal, so the horizontal and the diagonal band have together the energy of the column-wise
    high-pass they come from, which need not be filtered again.
    """
    low, high = filters(order)
    if images.shape[-1] % 2:
        images = torch.cat([images, images[..., -1:]], dim=-1)
    down = _phases(images, len(low))
    # Details do not see the mean; without it float32 keeps more of what they do see.
    mean = images.mean(dim=(-2, -1), keepdim=True)
    for phase in down:
        phase.sub_(mean)
    smooth = _phases(_correlate(down, low).mT.contiguous(), len(low))
    return _sum_of_squares(_correlate(down, high)) + _sum_of_squares(_correlate(smooth, high))


def _sum_of_squares(x: Tensor) -> Tensor:
    """(B, ...) -> (B,), float64; single rows are summed in the input's precision."""
    return x.square().sum(dim=-1).double().flatten(1).sum(dim=1)
