"""What stays the same while a batch is inverted or sampled: the model, its levels, the source and its noise."""

from __future__ import annotations

import math
from typing import Literal, get_args

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import unsound
from spectralkit.diffusion.denoiser import Condition, Denoiser, evaluations
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level, Schedule
from spectralkit.errors import ConfigurationError, NonFiniteError
from spectralkit.inversion import returned
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.noise import Noise
from spectralkit.plugins.text import brief, called

Label = Literal["current", "next"]
"""What an inversion step tells the network: the level x is at, or the noisier level it moves to."""

SOUND = 1e3
"""Multiples of its level's scale beyond which a state has run away: what a network makes of it is not its fault."""


def check_weight(name: str, weight: float) -> None:
    """Refuse a guidance weight that is no finite number.

    Raises:
        ConfigurationError: Naming it.
    """
    if not isinstance(weight, int | float) or not math.isfinite(weight):
        raise ConfigurationError(f"{name} must be a finite number, got {brief(weight)}")


@attrs.frozen(eq=False)
class Context:
    """What stays the same while one batch is inverted or sampled.

    Args:
        denoiser: The model.
        schedule: Where the levels come from.
        levels: N + 1 levels, clean to noisy.
        top: Index of the noisiest level in use.
        x0: The encoded source, (B, C, H, W).
        source: Condition of the source domain.
        target: Condition of the target domain.
        inversion_guidance: Guidance weight while inverting.
        sampling_guidance: Guidance weight while sampling.
        noise: The batch's randomness.
        label: Time-label convention of inversion steps.
        meter: Counts and diagnostics.
        model: What messages call the model.
    """

    denoiser: Denoiser
    schedule: Schedule
    levels: tuple[Level, ...]
    top: int
    x0: Tensor
    source: Condition
    target: Condition
    inversion_guidance: float
    sampling_guidance: float
    noise: Noise
    label: Label
    meter: Meter
    model: str = ""

    def __attrs_post_init__(self) -> None:
        if self.label not in get_args(Label):
            raise ConfigurationError(f"label must be 'current' or 'next', got {brief(self.label)}")

    @property
    def steps(self) -> int:
        """N, the number of transitions of the whole schedule."""
        return len(self.levels) - 1

    def need_current_label(self, why: str) -> None:
        """Refuse a run that tells the network another level than the one x is at.

        Raises:
            ConfigurationError: Giving ``why``.
        """
        if self.label != "current":
            raise ConfigurationError(f"{why}: use the label 'current'")

    def noised(self, level: Level, purpose: str) -> Tensor:
        """``alpha x_0 + sigma n`` at a level, (B, C, H, W), n being the noise of the purpose."""
        return level.alpha * self.x0 + level.sigma * self.noise.normal(purpose, self.x0)

    def states_below(self, x: Tensor, index: int) -> tuple[Tensor, ...]:
        """The states x*_0 ... x*_(index - 1) below a state of ``index`` at which a climb begins, (B, C, H, W) each.

        They are x_0 noised by the very noise in x: ``alpha x_0 + sigma n`` with ``n = (x - alpha_K x_0) / sigma_K``.
        """
        start = self.levels[index]
        noise = (x - start.alpha * self.x0) / start.sigma
        return tuple(level.alpha * self.x0 + level.sigma * noise for level in self.levels[:index])

    def predict(self, x: Tensor, level: Level, condition: Condition, guidance: float) -> Prediction:
        """One counted evaluation.

        Raises:
            NonFiniteError: If the model makes NaN or infinity of a sound state.
        """
        self.meter.forward_rows += evaluations(guidance, condition) * x.shape[0]
        prediction = returned.prediction(self.denoiser, self.denoiser(x, level, condition, guidance), x)
        self._check_sound(prediction, x, level)
        return prediction

    def _check_sound(self, prediction: Prediction, x: Tensor, level: Level) -> None:
        row = unsound(prediction.x0, prediction.eps)
        if row is not None and float(x[row].detach().abs().max()) <= SOUND * (level.alpha + level.sigma):
            # A method may ask for some of the samples only.
            sample = f"sample '{self.noise.ids[row]}'" if len(x) == len(self.noise.ids) else f"row {row}"
            raise NonFiniteError(
                f"{called('model', self.model)} gives NaN or infinity in {sample} for a finite state at the level "
                f"sigma={level.sigma:.4g}: check its weights, its precision and the guidance"
            )

    def gradient(self, losses: Tensor, point: Tensor) -> Tensor:
        """One counted backward through one conditional evaluation, for what is no state (an embedding).

        Args:
            losses: (n,), each a function of its own row of ``point`` alone.
            point: (n, ...), a leaf that requires a gradient.

        Returns:
            (n, ...), the gradient of each loss in its own row.

        Raises:
            ConfigurationError: If the network passes none back.
        """
        self.check_differentiable("condition", losses)
        self.meter.backward_rows += losses.shape[0]
        return torch.autograd.grad(losses.sum(), point)[0]

    def check_differentiable(self, point: str, *outputs: Tensor) -> None:
        """Refuse outputs without a gradient in the ``point`` (state, condition) that they are differentiated in.

        Raises:
            ConfigurationError: Naming the model.
        """
        if not all(output.requires_grad for output in outputs):
            raise ConfigurationError(
                f"{called('model', self.model)} passes no gradient back to its {point}, which this method needs: its "
                f"network runs under torch.no_grad, detaches what it is given or returns, or ignores the {point}"
            )
