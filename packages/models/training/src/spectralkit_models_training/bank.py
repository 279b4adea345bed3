"""Latents encoded once: an update costs no encoding, and a training that is resumed finds them on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import attrs
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from spectralkit.ahead import ahead
from spectralkit.errors import DataError
from spectralkit.inversion.noise import Noise
from spectralkit.models.latent import LatentCodec
from spectralkit_models_training.source import Crops
from spectralkit_models_training.state import replace

PART = 64
"""Crops encoded at a time."""


@attrs.frozen(eq=False)
class Bank:
    """Normalised latents, sorted by domain.

    Args:
        rows: (N, c, h, w).
        domains: (N,), whose they are.
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
    for pixels in ahead(crops.draw(part, False, generator) for part in torch.split(domains, PART)):
        ids = [f"bank-{len(rows)}-{i}" for i in range(len(pixels))]
        rows.append(codec.encode((pixels.to(device) + 1) / 2, Noise(seed, ids)).half().cpu())
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


def remembered(path: Path | None, key: str, make: Callable[[], Tensor], keep: bool = True) -> Tensor:
    """What ``make`` gives, or gave when it was last asked with the same key.

    Args:
        path: Where it is kept; None keeps nothing.
        key: Of all that it depends on.
        make: Makes it.
        keep: Whether what is made is kept.
    """
    if (rows := None if path is None else _kept(path, key)) is None:
        rows = make()
        if keep and path is not None:
            replace(path, save({"rows": rows}, metadata={"key": key}))
    return rows


def _kept(path: Path, key: str) -> Tensor | None:
    try:
        with safe_open(path, framework="pt") as file:
            return file.get_tensor("rows") if (file.metadata() or {}).get("key") == key else None
    except (OSError, SafetensorError):
        return None


def digest(module: nn.Module) -> str:
    """SHA-256 of a module's weights."""
    found = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
