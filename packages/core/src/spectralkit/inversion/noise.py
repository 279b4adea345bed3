"""Randomness that does not depend on batch size, order or device.

Every draw has its own generator, keyed by (seed, sample id, purpose); numbers are drawn on the CPU and then moved.
Numbers that were recorded elsewhere can be given in place of a draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import attrs
import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError


def _tuple(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(ids)


@attrs.frozen
class Noise:
    """Standard normal numbers per sample and purpose.

    Args:
        seed: The run's noise seed.
        ids: One stable id per sample of the batch.
        scope: Sets all purposes apart from the same purposes in other scopes.
        given: (B, ...) normal numbers by purpose, used in place of a draw.
        drawn: The purposes that normal numbers were asked for so far; shared with what is derived from this noise.
    """

    seed: int
    ids: tuple[str, ...] = attrs.field(converter=_tuple)
    scope: str = ""
    given: Mapping[str, Tensor] = attrs.field(factory=dict, eq=False, repr=lambda given: str(sorted(given)))
    drawn: set[str] = attrs.field(factory=set, eq=False)

    def generator(self, sample: int, purpose: str) -> torch.Generator:
        """The generator of one sample for one purpose."""
        key = f"{self.seed}\0{self.ids[sample]}\0{self.scope}{purpose}".encode()
        seed = int.from_bytes(hashlib.sha256(key).digest()[:8], "big", signed=True)
        return torch.Generator().manual_seed(seed)

    def normal(self, purpose: str, like: Tensor) -> Tensor:
        """Standard normal numbers in the shape (B, ...), precision and place of ``like``; drawn in float32.

        Raises:
            ConfigurationError: If the numbers given for the purpose are of another shape.
        """
        key = f"{self.scope}{purpose}"
        self.drawn.add(key)
        if key in self.given:
            numbers = self.given[key]
            if not numbers.is_floating_point() or not torch.isfinite(numbers).all():
                raise ConfigurationError(f"the noise given for '{key}' must be finite floating-point numbers")
            if numbers.shape != like.shape:
                raise ConfigurationError(
                    f"the noise given for '{key}' has the shape {tuple(numbers.shape)}, needed is {tuple(like.shape)}"
                )
        else:
            rows = [torch.randn(like.shape[1:], generator=self.generator(i, purpose)) for i in range(len(self.ids))]
            numbers = torch.stack(rows)
        return numbers.to(device=like.device, dtype=like.dtype)

    def check_used(self) -> None:
        """Refuse numbers that were given for a purpose nothing asked for.

        Raises:
            ConfigurationError: Naming it, and what was asked for.
        """
        idle = sorted(self.given.keys() - self.drawn)
        if idle:
            asked = ", ".join(sorted(self.drawn)) or "none"
            raise ConfigurationError(f"noise was given for '{idle[0]}', which this method never draws; it drew {asked}")

    def integers(self, purpose: str, low: int, high: int, count: int) -> Tensor:
        """Uniform integers in [low, high), (B, count), on the CPU."""
        rows = [torch.randint(low, high, (count,), generator=self.generator(i, purpose)) for i in range(len(self.ids))]
        return torch.stack(rows)

    def select(self, rows: Tensor) -> Noise:
        """The noise of a subset of the samples, (n,) indices."""
        given = {purpose: numbers[rows] for purpose, numbers in self.given.items()}
        return attrs.evolve(self, ids=tuple(self.ids[i] for i in rows.tolist()), given=given)

    def within(self, scope: str) -> Noise:
        """The same samples with numbers independent of this noise's and of every other scope's."""
        return attrs.evolve(self, scope=f"{self.scope}{scope}/")
