r"""The energy of the finest detail bands of the orthonormal Symlet transform, as matrix products.

One level of the periodised two-dimensional transform filters rows and columns with the low- and high-pass filters of
``symN`` and keeps every second sample:

    y[i] = sum_j h[j] x[(2 i + L / 2 - j) mod n],        L = 2 N taps,

so that the four bands have together exactly the energy of the image. A side of odd length is first extended by
repeating its last row or column, as PyWavelets does in its mode ``periodization``.

Filtering one axis is orthonormal too: the horizontal and the diagonal band have together the energy of the high-pass
along the height, which need not be filtered again along the width. What is left,

    E = ||high_H x||^2 + ||high_W low_H x||^2,

is a sum of squares, exact to round-off however smooth the image; ``||x||^2`` less the energy of the smooth band would
cost less and lose every digit.

n neighbouring outputs are a banded matrix times the window of 2 n + L - 2 values that they look at, and the same matrix
serves all windows, which are overlapping views of one tensor: matrix products run near the processor's peak, sums of
shifted copies at the pace of its memory.
"""

from __future__ import annotations

from functools import lru_cache

import pywt
import torch
from torch import Tensor

ORDERS = (2, 20)
"""Smallest and largest Symlet: sym2 ... sym20."""

CHUNK = 2**20
"""Values worked on at once, which bounds the working memory."""

ROWS, COLUMNS = 4, 16
"""Least outputs of one window along the height and the width: more cost more operations, fewer use them less well."""


@lru_cache
def filters(order: int) -> Tensor:
    """Low- and high-pass analysis filters of ``sym{order}``, reversed for correlation: (2, L), float64."""
    wavelet = pywt.Wavelet(f"sym{order}")
    return torch.tensor([wavelet.dec_lo[::-1], wavelet.dec_hi[::-1]], dtype=torch.float64)


@lru_cache
def banded(order: int, count: int) -> Tensor:
    """Both filters as matrices that take a window to its outputs: (2, n, 2 n + L - 2), float64."""
    taps = filters(order)
    length = taps.shape[1]
    matrices = taps.new_zeros(2, count, 2 * count + length - 2)
    for i in range(count):
        matrices[:, i, 2 * i : 2 * i + length] = taps
    return matrices


def detail_energy(images: Tensor, order: int) -> Tensor:
    """Sum of squared level-1 details over bands, channels and positions: (B, C, H, W) -> (B,), float64.

    Single precision is enough, but only where products keep it: under ``torch.set_float32_matmul_precision("high")``
    and its relatives, and under autocast, they would lose the details, and double precision takes their place.
    """
    images = images.to(torch.promote_types(images.dtype, _product_dtype()))
    per_chunk = max(1, CHUNK // images[0].numel())
    with torch.autocast(images.device.type, enabled=False):
        return torch.cat([_energy(_even(chunk), order) for chunk in torch.split(images, per_chunk)])


def detail_maps(images: Tensor, order: int) -> Tensor:
    """The bands whose energy is ``detail_energy``, to be looked at.

    Args:
        images: (B, C, H, W); a side of odd length is extended by its last row or column.
        order: The Symlet's.

    Returns:
        (B, C, 3, ceil(H / 2), ceil(W / 2)), float64: horizontal, vertical and diagonal details.
    """
    _, bands = pywt.dwt2(images.detach().cpu().double().numpy(), f"sym{order}", mode="periodization")
    return torch.stack([torch.from_numpy(band) for band in bands], dim=2)


def _product_dtype() -> torch.dtype:
    """The narrowest type in which matrix products are exact to single precision."""
    try:
        full = torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # set backend by backend, which torch refuses to sum up in one word
        full = False
    return torch.float32 if full else torch.float64


def _even(images: Tensor) -> Tensor:
    """Sides of odd length extended by their last row or column."""
    for dim in (-2, -1):
        if images.shape[dim] % 2:
            images = torch.cat([images, images.narrow(dim, -1, 1)], dim)
    return images


def _energy(images: Tensor, order: int) -> Tensor:
    """The energy of one chunk of even sides."""
    low, high = _split_height(images, order)
    return _sum_of_squares(high) + _energy_across(low, order)


def _split_height(images: Tensor, order: int) -> tuple[Tensor, Tensor]:
    """Low- and high-pass along the height: (B, C, H, W) -> twice (blocks, n, B, C, W).

    A function of its own so that its workspace is free again before the next is taken: what comes and goes then stays
    below the size at which the C library hands memory back to the system, only to ask for it again.
    """
    planes = _wrapped(images.flatten(0, 1).transpose(0, 1), order, dim=0)  # (H + L - 2, B C, W)
    # Details do not see a constant: without the corner's they keep more digits, and a flat image has exactly none.
    planes -= images[..., :1, 0].flatten(0, 1)
    matrices = banded(order, outputs(images.shape[-2], ROWS)).to(images)
    windows = planes.flatten(1).unfold(0, matrices.shape[2], 2 * matrices.shape[1]).mT  # overlapping views
    bands = torch.bmm(matrices.flatten(0, 1).expand(len(windows), -1, -1), windows)
    low, high = bands.view(len(windows), *matrices.shape[:2], *images.shape[:2], -1).unbind(1)
    return low, high


def _energy_across(low: Tensor, order: int) -> Tensor:
    """The energy of the high-pass along the width: (..., B, C, W) -> (B,), float64."""
    lines = _wrapped(low, order, dim=-1).flatten(0, -2)
    matrix = banded(order, outputs(low.shape[-1], COLUMNS))[1].to(low)
    windows = lines.unfold(1, matrix.shape[1], 2 * matrix.shape[0]).transpose(0, 1)
    high = torch.bmm(windows, matrix.mT.expand(len(windows), -1, -1))
    return _sum_of_squares(high.view(len(windows), *low.shape[:-1], -1))


def outputs(n: int, least: int) -> int:
    """How many outputs one window of an axis of ``n`` values yields: at least ``least``, and a divisor of ``n / 2``."""
    return next(count for count in range(min(least, n // 2), n // 2 + 1) if n // 2 % count == 0)


def _wrapped(x: Tensor, order: int, dim: int) -> Tensor:
    """The periodic extension a filter of 2 N taps needs: n + 2 N - 2 values along ``dim``, contiguous."""
    n, pad = x.shape[dim], order - 1
    near = torch.arange(pad, device=x.device)
    return torch.cat([x.index_select(dim, (near - pad) % n), x, x.index_select(dim, near % n)], dim)


def _sum_of_squares(x: Tensor) -> Tensor:
    """(..., B, C, W) -> (B,), float64; the sums over (C, W) are in the input's precision."""
    norms: Tensor = torch.linalg.vector_norm(x.flatten(-2), dim=-1)
    return norms.flatten(0, -2).square().sum(dim=0, dtype=torch.float64)
