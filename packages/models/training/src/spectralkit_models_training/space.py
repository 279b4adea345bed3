"""Where a diffusion lives: pixels, or the latents of an autoencoder."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any, Protocol, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.data import TrainingSet
from spectralkit.models.card import Normalisation, Posterior
from spectralkit.models.latent import LatentCodec
from spectralkit.models.model import Codec, PixelCodec
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.autoencoder.directory import Facts
from spectralkit_models_training.autoencoder.finding import find_autoencoder
from spectralkit_models_training.bank import PART, Bank, digest, domains_of, fill, moments, remembered
from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.diffusion import shares
from spectralkit_models_training.source import Crops, Source, spread_of


@attrs.frozen(eq=False)
class Supply:
    """What a space has to learn from.

    Args:
        source: Of samples.
        codec: Between pixels and samples.
        spread: Standard deviation of the samples.
        normalisation: Of latents.
        ahead: What was left out because only a few steps follow: seconds by what is done in them.
    """

    source: Source
    codec: Codec
    spread: float
    normalisation: Normalisation | None = None
    ahead: dict[str, float] = attrs.field(factory=dict)


class Space(Protocol):
    """A space, known at once; what it has to learn from may take a while."""

    @property
    def channels(self) -> int:
        """Of a sample."""
        ...

    @property
    def factor(self) -> int:
        """Pixels a sample's side."""
        ...

    @property
    def autoencoder(self) -> nn.Module | None:
        """Between pixels and latents."""
        ...

    @property
    def digests(self) -> dict[str, str]:
        """Of what it rests on beside the data."""
        ...

    def supply(self, device: torch.device, aside: Aside) -> Supply:
        """What it has to learn from."""
        ...


@attrs.frozen(eq=False)
class PixelSpace:
    """Pixels in [-1, 1].

    Args:
        config: What is asked for.
        data: Whose pixels.
        channels: Of an image.
    """

    config: DiffusionConfig
    data: TrainingSet
    channels: int
    factor: int = attrs.field(default=1, init=False)
    autoencoder: None = attrs.field(default=None, init=False)

    @property
    def digests(self) -> dict[str, str]:
        return {}

    def supply(self, device: torch.device, aside: Aside) -> Supply:
        crops, row = Crops(self.data, self.config.size), shares(self.config, len(self.data.conditions))

        def draw(count: int, generator: torch.Generator) -> Tensor:
            return crops.draw(torch.multinomial(row, count, replacement=True, generator=generator), False, generator)

        return Supply(crops, PixelCodec(), spread_of(draw, self.config.seed))


@attrs.frozen(eq=False)
class LatentSpace:
    """Latents, normalised channel by channel: mean 0, and the standard deviation that is asked for.

    Args:
        config: What is asked for.
        data: Whose images.
        autoencoder: Frozen.
        facts: What is known of it.
    """

    config: DiffusionConfig
    data: TrainingSet
    autoencoder: nn.Module
    facts: Facts

    @property
    def channels(self) -> int:
        return self.facts.channels

    @property
    def factor(self) -> int:
        return self.facts.factor

    @cached_property
    def digests(self) -> dict[str, str]:
        return {"autoencoder_sha256": digest(self.autoencoder)}

    @property
    def posterior(self) -> Posterior:
        """What is taken of a variational autoencoder."""
        return cast(Posterior, self.config.posterior)

    def supply(self, device: torch.device, aside: Aside) -> Supply:
        if aside.rehearsal:
            return self._rehearsed(device)
        domains = self._domains(self.config.bank)

        def encode() -> Tensor:
            aside.tell(f"encoding {len(domains)} crops")
            return self._encoded(domains, device)

        path = aside.folder and aside.folder / "bank.safetensors"
        return self._normalised(remembered(path, repr(self._key()), encode, aside.keep), domains)

    def _rehearsed(self, device: torch.device) -> Supply:
        """A few latents again and again, and how long all of them would take."""
        few, domains = (self._domains(count) for count in (min(PART, self.config.bank), self.config.bank))
        self._encoded(few[:1], device)  # what comes first takes longer
        start = time.perf_counter()
        rows = self._encoded(few, device)
        seconds = (time.perf_counter() - start) * len(domains) / len(few)
        again = torch.Generator().manual_seed(self.config.seed)
        many = Bank(rows, few).draw(domains, False, again).half()  # they need as much memory as all of them
        return attrs.evolve(self._normalised(many, domains), ahead={f"encoding {len(domains)} crops": seconds})

    def _domains(self, count: int) -> Tensor:
        return domains_of(shares(self.config, len(self.data.conditions)), count)

    def _key(self) -> tuple[Any, ...]:
        """All that the latents depend on."""
        config, weights = self.config, self.digests["autoencoder_sha256"]
        return self.data.digest, weights, config.size, config.bank, config.p_target, config.seed, self.posterior

    def _encoded(self, domains: Tensor, device: torch.device) -> Tensor:
        """The latents of a random crop a domain, as the autoencoder gives them."""
        flat = torch.zeros(1, self.channels, 1, 1)
        codec = LatentCodec(self.autoencoder, flat, flat + 1, self.posterior)
        return fill(Crops(self.data, self.config.size), domains, codec, self.config.seed, device)

    def _normalised(self, rows: Tensor, domains: Tensor) -> Supply:
        shift, spread = moments(rows)
        scale = spread / self.config.latent_spread
        return Supply(
            source=Bank(((rows.float() - shift) / scale).half(), domains),
            codec=LatentCodec(self.autoencoder, shift, scale, self.posterior),
            spread=self.config.latent_spread,
            normalisation=Normalisation(
                shift=shift.flatten().tolist(), scale=scale.flatten().tolist(), posterior=self.posterior
            ),
        )


def find_space(config: DiffusionConfig, data: TrainingSet, channels: int) -> Space:
    """The space that a configuration asks for, on images of so many channels.

    Raises:
        SpectralkitError: If it does not fit the data or the size.
    """
    if config.autoencoder is None:
        return PixelSpace(config, data, channels)
    return LatentSpace(config, data, *find_autoencoder(config.autoencoder, config, channels))
