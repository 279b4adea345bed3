"""Randomness that does not depend on batch size, order or device.

Every draw has its own generator, keyed by (seed, sample id, purpose); numbers are drawn on the CPU and then moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import attrs
import torch
from torch import Tensor


def _tuple(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(ids)


@attrs.frozen
class Noise:
    """Standard normal numbers per sample and purpose.

    Args:
        seed: The run's noise seed.
        ids: One stable id per sample of the batch.
        scope: Sets all purposes apart from the same purposes in other scopes.
    """

    seed: int
    ids: tuple[str, ...] = attrs.field(converter=_tuple)
    scope: str = ""

    def generator(self, sample: int, purpose: str) -> torch.Generator:
        """The generator of one sample for one purpose."""
        key = f"{self.seed}\0{self.ids[sample]}\0{self.scope}{purpose}".encode()
        seed = int.from_bytes(hashlib.sha256(key).digest()[:8], "big", signed=True)
        return torch.Generator().manual_seed(seed)

    def normal(self, purpose: str, like: Tensor) -> Tensor:
        """Standard normal numbers in the shape (B, ...), precision and place of ``like``; drawn in float32."""
        rows = [torch.randn(like.shape[1:], generator=self.generator(i, purpose)) for i in range(len(self.ids))]
        return torch.stack(rows).to(device=like.device, dtype=like.dtype)

    def integers(self, purpose: str, low: int, high: int, count: int) -> Tensor:
        """Uniform integers in [low, high), (B, count), on the CPU."""
        rows = [torch.randint(low, high, (count,), generator=self.generator(i, purpose)) for i in range(len(self.ids))]
        return torch.stack(rows)

    def select(self, rows: Tensor) -> Noise:
        """The noise of a subset of the samples, (n,) indices."""
        return attrs.evolve(self, ids=tuple(self.ids[i] for i in rows.tolist()))

    def within(self, scope: str) -> Noise:
        """The same samples with numbers independent of this noise's and of every other scope's."""
        return attrs.evolve(self, scope=f"{self.scope}{scope}/")
