"""What a training run is asked for: every field is an option of the command and a key of its configuration file."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.running import checks
from spectralkit.running.checks import Validator, number, one_of, optional, whole
from spectralkit.running.config import Settings

weight = number(0, math.inf)
"""Of a part of the loss, or of noise."""


def option(default: Any, check: Validator, told: str) -> Any:
    """A field that is an option: its default, what it may be, and what its help says."""
    convert = checks.as_float if isinstance(default, float) else _listed if isinstance(default, tuple) else None
    return attrs.field(default=default, converter=convert, validator=check, metadata={"help": told})


def _listed(value: object) -> object:
    """A number alone as a list of one."""
    return (value,) if type(value) is int else checks.as_tuple(value)


def sizes(least: int = 1) -> Validator:
    """A list of whole numbers."""

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, tuple) or not value or not all(type(n) is int and least <= n <= 8192 for n in value):
            told = f"whole numbers of at least {least}, like 96,128"
            raise ConfigurationError(f"{attribute.name.replace('_', '-')} must be {told}, got {value!r:.80}")

    return check


@attrs.frozen(kw_only=True)
class TrainingConfig:
    """What every training has: data, optimiser, precision, and how it is followed.

    Raises:
        ConfigurationError: If a value is of the wrong type or impossible.
    """

    pace: ClassVar[tuple[str, ...]] = ("steps", "schedule", "cooldown", "warmup")
    """Options that say when a step does what: on resuming, they may be others as long as no step that is done would be
    another."""

    dataset: str = option("ihc", checks.text, "registered data set with training data")
    size: int = option(64, whole(1, 8192), "side of the crops, in pixels")
    steps: int = option(10_000, whole(1), "optimiser steps")
    batch: int = option(32, whole(1), "samples a step, over all processes and accumulated parts")
    accumulation: int = option(1, whole(1), "parts of a batch whose gradients are summed before a step")
    seed: int = option(0, whole(0, 2**31 - 1), "of weights, data, levels and noise")

    optimiser: str = option("adamw", one_of("adamw", "muon"), "muon: orthogonalised momentum for matrices, AdamW else")
    learning_rate: float = option(3e-4, number(0, 1, above=True), "highest rate")
    weight_decay: float = option(0.0, number(0, 1), "decoupled weight decay")
    beta1: float = option(0.9, number(0, 0.999999), "of AdamW")
    beta2: float = option(0.999, number(0, 0.999999), "of AdamW")
    schedule: str = option("constant", one_of("constant", "cosine", "linear"), "how the rate falls after the warm-up")
    warmup: int = option(200, whole(0), "steps of linear warm-up")
    cooldown: float = option(1.0, number(0, 1, above=True), "last part of the steps over which the rate falls")
    clip: float = option(1.0, number(0, math.inf, above=True), "bound on the gradient's norm")
    ema: float = option(0.999, number(0, 1), "decay of the moving average of the weights")

    precision: str = option(
        "auto",
        one_of("auto", "float32", "bfloat16", "float16"),
        "of the network's arithmetic; auto: bfloat16 where three measured steps show that it pays",
    )
    layout: str = option("auto", one_of("auto", "contiguous", "channels-last"), "of images in memory; auto: measured")
    compile: str = option("auto", one_of("auto", "yes", "no"), "torch.compile; auto: measured, and only on a GPU")
    device: str = option("auto", one_of("auto", "cpu", "cuda"), "several GPUs, or one of them: accelerate launch")

    save_every: int = option(500, whole(1), "steps between saved states")
    sample_every: int = option(2000, whole(1), "steps between pictures of what it can do, with their score")
    score: str = option("kd-lite0", checks.text, "metric of the pictures against real crops, where installed; or none")
    tracker: str | None = option(None, optional(checks.text), "that follows the losses, like tensorboard")
    settings: Settings = attrs.field(factory=dict, validator=checks.settings)

    def stage(self, step: int) -> int:
        """Which part of the training step 0, 1, ... belongs to; within one, what is learned and weighed is alike."""
        return 0

    def as_table(self) -> dict[str, Any]:
        """As TOML holds it; what is None is left out."""
        table = {key: value for key, value in attrs.asdict(self, recurse=False).items() if value is not None}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}

    def __attrs_post_init__(self) -> None:
        if self.batch % self.accumulation:
            raise ConfigurationError(
                f"batch {self.batch} cannot be accumulated in {self.accumulation} parts: choose a divisor"
            )


def inherited(name: str, default: Any) -> Any:
    """An option of every training, with another default."""
    field = attrs.fields_dict(TrainingConfig)[name]
    assert field.validator is not None
    return option(default, field.validator, field.metadata["help"])


@attrs.frozen(kw_only=True)
class DiffusionConfig(TrainingConfig):
    """A class-conditional diffusion model."""

    process: str = option("ddim", checks.text, "parameterization: ddim, ddim-x0, ddim-v, edm, flow or a plugin's")
    backbone: str = option("unet", one_of("unet", "dit"), "the network")
    space: str = option("pixel", one_of("pixel", "latent"), "where the diffusion lives")
    autoencoder: str | None = option(
        None, optional(checks.text), "of a latent diffusion: a directory or a model's name"
    )
    posterior: str = option("sample", one_of("sample", "mode"), "what is taken of a variational autoencoder")
    latent_spread: float = option(
        1.0,
        number(0, math.inf, above=True),
        "latent: standard deviation that every channel is brought to, which is EDM's sigma_data unless that is given",
    )

    widths: tuple[int, ...] = option((64, 128, 192), sizes(8), "U-Net: channels of each resolution")
    layers: int = option(2, whole(1, 16), "U-Net: blocks a resolution")
    attention: tuple[int, ...] = option((0,), sizes(0), "U-Net: resolutions with attention, 1 the finest; 0 for none")
    groups: int = option(16, whole(1), "U-Net: groups of its normalisation")
    patch: int = option(2, whole(1, 64), "DiT: side of a patch")
    hidden: int = option(384, whole(8, 8192), "DiT: width")
    depth: int = option(12, whole(1, 256), "DiT: blocks")
    heads: int = option(6, whole(1, 256), "DiT: attention heads")

    p_uncond: float = option(0.1, number(0, 1), "probability of the null class in place of a label")
    p_target: float = option(0.5, number(0, 1), "probability of the target domain; the sources share the rest")
    loss: str = option(
        "output",
        one_of("output", "min-snr", "middle"),
        "weight of a level: output, none on the network's own error; min-snr (Hang et al. 2023); middle, 2 alpha sigma "
        "+ 0.15 on it",
    )
    gamma: float = option(5.0, number(0, math.inf, above=True), "bound of min-snr")
    small_steps: int = option(0, whole(0), "first steps, on crops of half the side at twice the batch")
    bank: int = option(16_384, whole(1), "latent: crops encoded once, from which batches are drawn")
    sample_steps: int = option(50, whole(1, 1000), "transitions of the pictures on the way")
