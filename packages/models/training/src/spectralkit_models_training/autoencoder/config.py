"""What the training of an autoencoder is asked for."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.running import checks
from spectralkit.running.checks import number, optional, whole
from spectralkit_models_training.config import TrainingConfig, inherited, option, sizes, weight


@attrs.frozen(kw_only=True)
class AutoencoderConfig(TrainingConfig):
    """An autoencoder of residual blocks, trained in two phases: both halves together, then the decoder alone.

    With ``start`` the second phase is all there is: the encoder of another autoencoder stays, and with it what models
    on its latents have learned.

    Raises:
        ConfigurationError: If a value is of the wrong type or impossible.
    """

    pace: ClassVar[tuple[str, ...]] = (*TrainingConfig.pace, "finish")

    steps: int = inherited("steps", 5000)
    batch: int = inherited("batch", 8)
    learning_rate: float = inherited("learning_rate", 6e-4)
    schedule: str = inherited("schedule", "cosine")
    ema: float = inherited("ema", 0.998)

    start: str | None = option(
        None,
        optional(checks.text),
        "an autoencoder whose decoder is trained on while its encoder rests: a directory or a model's name",
    )

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
        0.02, weight, "weight of the distance of spectra in the last part, on crops of the target domain"
    )

    @property
    def factor(self) -> int:
        """Pixels a side for each element of the latent."""
        return 1 << len(self.widths)

    @property
    def finish_from(self) -> int:
        """The first step of the last part."""
        return 0 if self.start else round((1 - self.finish) * self.steps)

    def stage(self, step: int) -> int:
        return int(step >= self.finish_from)

    @property
    def perceptual_parts(self) -> tuple[str, ...]:
        """The options that weigh the perceptual distance in any step."""
        first = ("perceptual",) if self.perceptual and self.finish_from else ()
        last = ("finish-perceptual",) if self.finish_perceptual and self.finish_from < self.steps else ()
        return first + last

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.start:
            _check_left_out(self)
        else:
            self._check_network()

    def _check_network(self) -> None:
        """Refuse layers that do not fit each other or the size."""
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


FIRST = (
    *("latent_channels", "widths", "encoder_layers", "decoder_layers"),
    *("noise", "perceptual", "bound", "turned", "halve_every", "finish"),
)
"""The options of the network and of the first part of the steps."""


def _check_left_out(config: AutoencoderConfig) -> None:
    """Refuse options that have no meaning where another autoencoder is trained on."""
    fields = attrs.fields_dict(AutoencoderConfig)
    given = [name.replace("_", "-") for name in FIRST if getattr(config, name) != fields[name].default]
    if given:
        raise ConfigurationError(f"{', '.join(given)} cannot be chosen with start, whose encoder rests: leave it out")
