"""Where training samples come from: crops drawn anew, or a bank of latents encoded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import attrs
import torch
from torch import Tensor

from spectralkit.data import TrainingSet
from spectralkit.errors import DataError
from spectralkit.inversion.noise import Noise
from spectralkit.models.latent import LatentCodec

PART = 64
"""Crops encoded at a time."""

MEASURED = 2048
"""Crops whose spread is measured."""


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


@attrs.frozen(eq=False)
class Bank:
    """Latents encoded once, sorted by domain: an update costs no encoding.

    Args:
        rows: (N, c, h, w), normalised.
        domains: (N,), whose they are, sorted.
    """

    rows: Tensor
    domains: Tensor

    def draw(self, domains: Tensor, small: bool, generator: torch.Generator) -> Tensor:
        low, high = (torch.searchsorted(self.domains, domains, right=right) for right in (False, True))
        place = (torch.rand(len(domains), generator=generator, dtype=torch.float64) * (high - low)).long()
        return self.rows[low + place].float()


def domains_of(shares: Tensor, count: int) -> Tensor:
    """About ``count`` domains in their (K,) shares, sorted, each of them once at least."""
    return torch.arange(len(shares)).repeat_interleave((shares * count).round().long().clamp(min=1))


def fill(crops: Crops, domains: Tensor, codec: LatentCodec, seed: int, device: torch.device) -> Tensor:
    """Encode one random crop a domain: (N, c, h, w) in half precision on the CPU.

    Args:
        crops: Their source.
        domains: (N,).
        codec: With what.
        seed: Of the crops, and of the draws from a variational autoencoder.
        device: Where to encode.
    """
    generator, codec = torch.Generator().manual_seed(seed), codec.to(device)
    rows: list[Tensor] = []
    for part in torch.split(domains, PART):
        ids = [f"bank-{len(rows)}-{i}" for i in range(len(part))]
        pixels = crops.draw(part, False, generator).to(device)
        rows.append(codec.encode((pixels + 1) / 2, Noise(seed, ids)).half().cpu())
    return torch.cat(rows)


def moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, (1, c, 1, 1) each.

    Raises:
        DataError: If a channel is constant or not finite.
    """
    mean, spread = (of(rows.double(), dim=(0, 2, 3), keepdim=True) for of in (torch.mean, torch.std))
    if not (torch.isfinite(spread).all() and (spread > 0).all()):
        raise DataError("the autoencoder gives constant or non-finite latents for this data: train another")
    return mean.float(), spread.float()


def spread_of(draw: Callable[[int, torch.Generator], Tensor], seed: int) -> float:
    """The standard deviation of the data, which EDM calls ``sigma_data``, over a few thousand samples."""
    return round(draw(MEASURED, torch.Generator().manual_seed(seed)).double().std().item(), 4)
