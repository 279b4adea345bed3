"""What models are trained on: random crops of twelve tiles, unpaired."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import attrs
import torch
from torch import Tensor

from spectralkit_datasets_ihc.domains import DOMAINS
from spectralkit_datasets_ihc.micrograph import HIGH, LOW, TILE, check_size, load_pixels, tile


@attrs.frozen(eq=False)
class IhcTraining:
    """Crops at any offset in a tile of their domain, flipped and rotated, as the domain shows them."""

    pixels: Tensor = attrs.field(factory=load_pixels, repr=False, init=False)
    conditions: tuple[str, ...] = attrs.field(default=tuple(DOMAINS), init=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the trained tiles' pixels, those of the target first."""
        trained = torch.stack([tile(self.pixels, place) for place in HIGH + LOW])
        return hashlib.sha256((trained * 255).round().byte().numpy().tobytes()).hexdigest()

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        """As :meth:`spectralkit.data.TrainingSet.draw`.

        Raises:
            ConfigurationError: If ``size`` exceeds a tile.
        """
        check_size(size)
        return torch.stack([self._draw_one(self.conditions[domain], size, generator) for domain in domains])

    def _draw_one(self, condition: str, size: int, generator: torch.Generator) -> Tensor:
        def below(bound: int) -> int:
            return int(torch.randint(bound, (), generator=generator))

        domain = DOMAINS[condition]
        place = domain.places[below(len(domain.places))]
        y, x = below(TILE - size + 1), below(TILE - size + 1)
        crop = torch.rot90(tile(self.pixels, place)[:, y : y + size, x : x + size], below(4), (-2, -1))
        return domain.show(crop.flip(-1) if below(2) else crop)
