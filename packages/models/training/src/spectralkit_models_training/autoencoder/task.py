r"""The training task of an autoencoder.

The loss of a crop x of the target domain, of a crop of the sources, and of either in the last part of the steps:

.. math::
    \ell_\text{target} = \langle |\hat x - x| \rangle + w_p\, \text{perceptual}(\hat x, x) + w_b\, \text{bound}(z),
    \qquad
    \ell_\text{source} = \langle |\hat x - x| \rangle + w_d \langle (\hat x - x)^2 \rangle + w_b\, \text{bound}(z),

where texture takes the place of bound, and the target's spectrum is weighed too. See
:mod:`~spectralkit_models_training.autoencoder.losses` and ``perceptual``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.data import TrainingSet
from spectralkit.errors import ConfigurationError
from spectralkit_models_training.autoencoder import losses
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.autoencoder.directory import Facts, save_autoencoder
from spectralkit_models_training.autoencoder.finding import find_autoencoder
from spectralkit_models_training.autoencoder.network import TURNS, Reconstruction, build_network, encoded, moved
from spectralkit_models_training.autoencoder.perceptual import Perceptual
from spectralkit_models_training.scoring import Yardstick
from spectralkit_models_training.task import Batch, Rival, Shown

SHOWN, SCORED = 8, 48
"""Crops of the target domain in a picture's row, and those that are scored."""


@attrs.frozen(eq=False)
class AutoencoderTask:
    """Reconstruction of crops: those of the target domain perceptually, those of the sources in the mean square.

    In the last part of the steps the encoder rests, so that the latents of the diffusion are settled, and the decoder
    learns to draw the texture that their noise conceals.

    Args:
        config: What is asked for.
        data: Crops to be reconstructed; the last domain is the target.
        factor: Pixels a side for each element of the latent.
        channels: Of the latent.
        module: What is trained.
        perceptual: The perceptual distance; None where no part of the steps weighs it.
        crops: (N, C, H, H) in [0, 1], what is shown and scored: the target domain, in front of one crop a source.
        yardstick: Scores what is like crops of the target domain.
    """

    config: AutoencoderConfig
    data: TrainingSet
    factor: int
    channels: int
    module: Reconstruction = attrs.field(repr=False)
    perceptual: Perceptual | None = attrs.field(repr=False)
    crops: Tensor = attrs.field(repr=False)
    yardstick: Yardstick
    rivals: ClassVar[tuple[Rival, ...]] = ()

    @classmethod
    def build(cls, config: AutoencoderConfig, data: TrainingSet) -> Self:
        """The task of a configuration on its data.

        Raises:
            SpectralkitError: If what the loss needs is not installed, or does not take such images.
        """
        target = len(data.conditions) - 1
        generator = torch.Generator().manual_seed(config.seed + 1)  # other crops than the yardstick's
        crops = data.draw([target] * SCORED + list(range(target)), config.size, generator)
        channels, weighed = crops.shape[1], config.perceptual_parts
        if weighed and channels not in (1, 3):
            raise ConfigurationError(
                f"the perceptual distance takes images of 1 or 3 channels, but data set '{config.dataset}' has "
                f"{channels}: set {' and '.join(weighed)} to 0"
            )
        network, factor, depth = _network(config, channels)
        return cls(
            config=config,
            data=data,
            factor=factor,
            channels=depth,
            module=Reconstruction(network),
            perceptual=Perceptual() if weighed else None,
            crops=crops,
            yardstick=Yardstick.of(config, data, target),
        )

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        """Pixels (B, C, H, H) in [-1, 1], whether degraded (B,), unit noise (B, c, h, h) and a turn (B,)."""
        config, target = self.config, len(self.data.conditions) - 1
        real = round(config.p_target * batch) if target else batch
        sources = torch.randint(max(target, 1), (batch,), generator=generator)
        order = torch.randperm(batch, generator=generator)  # so that every process has its share
        degraded = order >= real
        domains = torch.where(degraded, sources, target)
        pixels = 2 * self.data.draw(domains.tolist(), config.size, generator) - 1
        side = config.size // self.factor
        noise = torch.randn(batch, self.channels, side, side, generator=generator)
        turned = torch.rand(batch, generator=generator) < config.turned
        turn = torch.randint(TURNS, (batch,), generator=generator) * turned
        return pixels, degraded, noise, turn

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        pixels, degraded, noise, turn = batch
        config, finishing = self.config, bool(self.config.stage(step))
        halvings = int(not finishing and config.halve_every > 0 and (step + 1) % config.halve_every == 0)
        turn = torch.zeros_like(turn) if finishing else turn  # a resting encoder has nothing to learn from turns
        sigma = config.finish_noise if finishing else config.noise
        output, latent = module(pixels, sigma * noise, turn, halvings, not finishing)
        output, target = output.float(), moved(pixels, turn, halvings)
        error = output - target
        total = losses.mean(error.abs()) + config.degraded * degraded * losses.mean(error.square())
        if finishing:
            total = total + config.finish_texture * losses.texture(output, target)
        else:
            total = total + config.bound * losses.bound(latent.float())
        if not degraded.all():
            total = total + self._of_target(output[~degraded], target[~degraded], finishing) / len(pixels)
        return total.mean()

    def _of_target(self, output: Tensor, target: Tensor, finishing: bool) -> Tensor:
        """What crops of the target domain lose beyond the others, their sum."""
        config, total = self.config, output.new_zeros(())
        weight = config.finish_perceptual if finishing else config.perceptual
        if self.perceptual is not None and weight:
            total = total + weight * self.perceptual.to(output.device)(output, target).sum()
        if finishing and config.finish_spectrum:
            total = total + config.finish_spectrum * losses.spectrum(output, target).sum()
        return total

    def show(self, module: nn.Module) -> Shown:
        """Originals above their reconstructions, and the scores of reconstructions of the target domain."""
        copies = self._reconstructed(module)
        error = losses.mean((copies - self.crops).square())[:SCORED]
        scores = {"psnr": float(-10 * error.log10().mean()), **self.yardstick.scores(copies[:SCORED])}
        sources = len(self.crops) - SCORED
        chosen = torch.tensor([*range(SHOWN), *range(SCORED, SCORED + sources)])
        return Shown(torch.cat([self.crops[chosen], copies[chosen]]), SHOWN + sources, scores)

    @torch.no_grad()
    def _reconstructed(self, module: nn.Module) -> Tensor:
        """The crops, coded and decoded, (N, C, H, H) in [0, 1]."""
        network = cast(Any, module).autoencoder
        copies = []
        for part in torch.split(self.crops, self.config.batch):
            latent = encoded(network, (2 * part - 1).to(network.device))
            copies.append(network.decode(latent, return_dict=False)[0].float().cpu())
        return ((torch.cat(copies) + 1) / 2).clamp(0, 1)

    def export(self, module: nn.Module, directory: Path, training: dict[str, Any]) -> None:
        """Write a diffusers directory with its facts."""
        facts = Facts(
            factor=self.factor,
            channels=self.channels,
            shape=tuple(self.crops.shape[1:]),
            dataset=self.config.dataset,
            digest=self.data.digest,
            training=training,
        )
        save_autoencoder(cast(Any, module).autoencoder, facts, directory)


def _network(config: AutoencoderConfig, channels: int) -> tuple[nn.Module, int, int]:
    """What is trained, new or another's, its factor, and the channels of its latent."""
    if config.start is None:
        return build_network(config, channels), config.factor, config.latent_channels
    network, facts = find_autoencoder(config.start, config, channels)
    return network.requires_grad_().train(), facts.factor, facts.channels
