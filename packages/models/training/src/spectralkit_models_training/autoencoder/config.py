"""What the training of an autoencoder is asked for."""

from __future__ import annotations

from itertools import pairwise

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.running.checks import number, whole
from spectralkit_models_training.config import TrainingConfig, inherited, option, sizes, weight


@attrs.frozen(kw_only=True)
class AutoencoderConfig(TrainingConfig):
    """An autoencoder of residual blocks, trained in two phases: both halves together, then the decoder alone.

    Raises:
        ConfigurationError: If a value is of the wrong type or impossible.
    """

    steps: int = inherited("steps", 5000)
    batch: int = inherited("batch", 8)
    learning_rate: float = inherited("learning_rate", 6e-4)
    schedule: str = inherited("schedule", "cosine")
    ema: float = inherited("ema", 0.998)

    latent_channels: int = option(8, whole(1, 1024), "channels of the latent")
    widths: tuple[int, ...] = option((48, 96), sizes(4), "channels at a half, a quarter, ... of the resolution")
    encoder_layers: tuple[int, ...] = option((2, 2), sizes(), "residual blocks of the encoder at each of these")
    decoder_layers: tuple[int, ...] = option((3, 2), sizes(), "residual blocks of the decoder at each of these")

    p_target: float = option(0.625, number(0, 1), "share of the target domain in a batch; the rest shows the sources")
    noise: float = option(0.15, weight, "standard deviation of the noise on the latent")
    perceptual: float = option(0.1, weight, "weight of the perceptual distance, on crops of the target domain")
    degraded: float = option(0.5, weight, "weight of the squared error, on crops of the sources")
    bound: float = option(
        1e-3, weight, "weight of the latent's size: its square, and ten times that of what exceeds 3.5"
    )
    turned: float = option(0.5, number(0, 1), "share of latents that are turned or mirrored, with their targets")
    halve_every: int = option(5, whole(0), "steps between those on latents at half the resolution; 0: none")

    finish: float = option(0.3, number(0, 0.9), "last part of the steps, in which the encoder rests")
    finish_noise: float = option(0.08, weight, "noise on the latent in the last part")
    finish_perceptual: float = option(0.2, weight, "weight of the perceptual distance in the last part")
    finish_texture: float = option(0.3, weight, "weight of the distance of textures in the last part")
    finish_spectrum: float = option(
        0.05, weight, "weight of the distance of spectra in the last part, on crops of the target domain"
    )

    @property
    def factor(self) -> int:
        """Pixels a side for each element of the latent."""
        return 1 << len(self.widths)

    @property
    def finish_from(self) -> int:
        """The first step of the last part."""
        return round((1 - self.finish) * self.steps)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        for name, layers in (("encoder-layers", self.encoder_layers), ("decoder-layers", self.decoder_layers)):
            if len(layers) != len(self.widths):
                raise ConfigurationError(
                    f"{name} must hold one number for each of the {len(self.widths)} widths, got {len(layers)}"
                )
        if any(width % 4 for width in self.widths) or any(4 * a % b for a, b in pairwise(self.widths)):
            told = ",".join(map(str, self.widths))
            raise ConfigurationError(
                f"widths {told} do not fit: each must be divisible by 4, and divide 4 times the one before"
            )
        multiple = 2 * self.factor if self.halve_every else self.factor
        if self.size % multiple:
            raise ConfigurationError(f"size {self.size} must be a multiple of {multiple} for {len(self.widths)} widths")
