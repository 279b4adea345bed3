"""The network's evaluation at one point, shared by everything that a step needs, and the count of what it cost."""

from __future__ import annotations

import math
from collections import defaultdict
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


@attrs.frozen
class Cost:
    """Network evaluations per sample: forwards F and backwards (vector-Jacobian products) B."""

    forwards: float = 0.0
    backwards: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.forwards + other.forwards, self.backwards + other.backwards)


@attrs.define(eq=False)
class Meter:
    """Counts evaluations and collects diagnostics while a method runs.

    Args:
        batch: Number of samples; evaluations of fewer rows count as fractions.
    """

    batch: int
    forward_rows: int = 0
    backward_rows: int = 0
    records: dict[str, list[Tensor]] = attrs.field(factory=lambda: defaultdict(list))

    def record(self, name: str, values: Tensor) -> None:
        """Keep one diagnostic value per sample, (B,), for this step: it comes back in ``Output.records``, and a run
        writes its mean over the steps to ``samples.csv``. Its name, best ``method/what``, must be no metric's.
        """
        self.records[name].append(values.detach().flatten())

    @property
    def cost(self) -> Cost:
        """Evaluations per sample so far."""
        return Cost(self.forward_rows / self.batch, self.backward_rows / self.batch)


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


@attrs.define(eq=False)
class Probe:
    """The network at (x, level, condition); evaluated on first use, once.

    Args:
        context: The run it belongs to.
        x: (B, C, H, W), the state.
        level: The level it is evaluated at; its label is what the network is told.
        index: Position of ``x`` in ``context.levels``.
        condition: Source or target condition.
        guidance: Guidance weight.
        differentiable: Whether to keep the graph that :meth:`vjp` needs.
    """

    context: Context
    x: Tensor
    level: Level
    index: int
    condition: Condition
    guidance: float
    differentiable: bool = False
    _point: Tensor | None = attrs.field(default=None, init=False)
    _live: Prediction | None = attrs.field(default=None, init=False)
    _prediction: Prediction | None = attrs.field(default=None, init=False)

    @property
    def prediction(self) -> Prediction:
        """``x0_hat`` and ``eps_hat``, detached."""
        if self._prediction is None:
            with torch.set_grad_enabled(self.differentiable):
                self._point = self.x.detach().requires_grad_(self.differentiable)
                self._live = self.context.predict(self._point, self.level, self.condition, self.guidance)
            self._prediction = Prediction(self._live.x0.detach(), self._live.eps.detach())
        return self._prediction

    @property
    def x0_hat(self) -> Tensor | None:
        """The predicted clean image, where the network has been evaluated; asking costs nothing."""
        return None if self._prediction is None else self._prediction.x0

    def vjp(self, *, x0: Tensor | None = None, eps: Tensor | None = None) -> Tensor:
        """``J^T w`` summed over the given cotangents of ``x0_hat`` and ``eps_hat``; (B, C, H, W).

        The Jacobian is taken with respect to x through the network, the conversion to a prediction included.

        Raises:
            ConfigurationError: If the network passes no gradient back.
        """
        if not self.differentiable:
            raise ValueError("this probe keeps no graph: create it with differentiable=True")
        _ = self.prediction
        assert self._live is not None
        assert self._point is not None
        pairs = [(out, w) for out, w in ((self._live.x0, x0), (self._live.eps, eps)) if w is not None]
        self.context.check_differentiable("state", *(out for out, _ in pairs))
        self.context.meter.backward_rows += evaluations(self.guidance, self.condition) * self.x.shape[0]
        outputs, cotangents = zip(*pairs, strict=True)
        return torch.autograd.grad(outputs, self._point, cotangents, retain_graph=True)[0]

    def at(self, x: Tensor, level: Level) -> Probe:
        """The same network under the same condition at another point."""
        return Probe(self.context, x, level, self.index, self.condition, self.guidance)
