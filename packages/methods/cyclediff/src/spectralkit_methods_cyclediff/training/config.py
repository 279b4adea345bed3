"""What the training of translators is asked for."""

from __future__ import annotations

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.running import checks
from spectralkit.running.checks import optional, whole
from spectralkit_models_training.config import TrainingConfig, inherited, option, sizes, weight


@attrs.frozen(kw_only=True)
class CyclediffConfig(TrainingConfig):
    """Translators between two conditions of a frozen diffusion model.

    Raises:
        ConfigurationError: If a value is of the wrong type or impossible.
    """

    steps: int = inherited("steps", 4000)
    batch: int = inherited("batch", 8)
    optimiser: str = inherited("optimiser", "adamw")
    learning_rate: float = inherited("learning_rate", 5e-4)
    beta1: float = inherited("beta1", 0.5)
    schedule: str = inherited("schedule", "linear")
    cooldown: float = inherited("cooldown", 0.5)
    warmup: int = inherited("warmup", 100)
    ema: float = inherited("ema", 0.998)

    model: str = option("ddim", checks.text, "the diffusion model, which stays as it is: a name or a directory")
    source: str | None = option(
        None, optional(checks.text), "one of its conditions; by default the data set's own source"
    )
    target: str | None = option(None, optional(checks.text), "another one; by default the data set's own target")
    bank: int = option(4096, whole(1), "components of each domain, predicted once, from which batches are drawn")
    levels: int = option(100, whole(1, 100_000), "noise levels they are predicted at, those of a run of as many steps")

    adversarial: float = option(1.0, weight, "weight of the adversarial loss")
    cycle: float = option(1.0, weight, "weight of the cycle loss")
    identity: float = option(0.5, weight, "weight of the identity loss")

    widths: tuple[int, ...] = option((32, 64), sizes(4), "translator: channels of each resolution")
    layers: int = option(1, whole(1, 16), "translator: blocks a resolution")
    groups: int = option(16, whole(1), "translator: groups of its normalisation")
    judge_widths: tuple[int, ...] = option((64, 128), sizes(1), "discriminator: channels at a half, a quarter, ...")
    pool: int = option(50, whole(1), "earlier translations that the discriminators are shown too")

    sample_steps: int = option(20, whole(1, 1000), "transitions of the pictures on the way")

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        for width in self.widths:
            if width % self.groups:
                raise ConfigurationError(f"widths must be multiples of groups, {self.groups}, got {width}")
