r"""The levels of rectified flow as diffusers lays them for a pipeline.

``x_t = (1 - t) x_0 + t eps``, told as T t. With u_1 < ... < u_N = 1 even and t_0 = 0,

.. math::
    t_i = \frac{s\,u_i}{1 + (s - 1)\,u_i}
    \quad\text{or, dynamic,}\quad
    t_i = \frac{e^\mu}{e^\mu + 1/u_i - 1}.

The second is the first with ``s = e^mu`` (``time_shift_type`` exponential; linear is ``s = mu``), and mu is linear in
the number n of the image's tokens, from ``base_shift`` to ``max_shift``. Where u begins is the pipeline's: Flux begins
at 1 / N; Stable Diffusion 3 leaves it to the scheduler, which begins at its first trained level, shifted: a level that
is shifted twice.
"""

from __future__ import annotations

import math

import attrs
import torch

from spectralkit.diffusion.flow import FlowSchedule
from spectralkit.diffusion.parameterization import FlowParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Level, LevelBatch, check_steps
from spectralkit_models_diffusers.config import Config
from spectralkit_models_diffusers.frame import Sigmas


@attrs.frozen
class GridFlow:
    """Straight lines from image to noise on such a grid.

    Args:
        shift: s, > 0.
        timesteps: T.
        first: u_1; None is 1 / N.
    """

    shift: float = 1.0
    timesteps: int = 1000
    first: float | None = None

    entry_noise: float = attrs.field(default=0.0, init=False)
    admits_next_label: bool = attrs.field(default=True, init=False)

    @property
    def flow(self) -> FlowSchedule:
        """The lines."""
        return FlowSchedule(self.shift, self.timesteps)

    def levels(self, steps: int) -> tuple[Level, ...]:
        """``steps + 1`` levels from the clean image, exactly, to noise without a trace of it."""
        check_steps(steps)
        first = 1 / steps if self.first is None else self.first
        inner = [first + i / (steps - 1) * (1 - first) for i in range(steps - 1)] if steps > 1 else []
        return tuple(self.flow.level(u) for u in (0.0, *inner, 1.0))

    def unit_scale(self, level: Level) -> float:
        """As of :class:`FlowSchedule`."""
        return self.flow.unit_scale(level)

    def interval(self, here: Level, there: Level) -> float:
        """As of :class:`FlowSchedule`."""
        return self.flow.interval(here, there)

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        """As of :class:`FlowSchedule`."""
        return self.flow.draw(batch, generator)


def read_flow(config: Config, timesteps: int, sigmas: Sigmas) -> tuple[Process, str]:
    """The process of a ``FlowMatchEulerDiscreteScheduler``, and it in words.

    Args:
        config: Its configuration.
        timesteps: T.
        sigmas: How the pipeline lays the grid.

    Raises:
        DataError: If a value cannot be expressed.
    """
    if config.values.get("use_karras_sigmas"):
        raise config.refusal("use_karras_sigmas", "which cannot be expressed here: only False can")
    shift, first = config.positive("shift"), 1 / timesteps
    if not config["use_dynamic_shifting"]:
        first = shift * first / (1 + (shift - 1) * first)
        told = f"shift {shift:g}"
    else:
        shift, told = _dynamic(config, sigmas)
    schedule = GridFlow(shift, timesteps, None if sigmas.even else first)
    grid = "an even grid" if sigmas.even else f"a grid from {schedule.first:.3g}"
    return Process(schedule, FlowParameterization()), f"rectified flow, {timesteps} timesteps, {told}, {grid}"


def _dynamic(config: Config, sigmas: Sigmas) -> tuple[float, str]:
    """s for images of that many tokens."""
    n = sigmas.tokens
    if n is None:
        raise config.refusal("use_dynamic_shifting", "but how many tokens an image has is known of SD3 and Flux alone")
    keys = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
    fewest, most, low, high = (config.positive(key) for key in keys)
    if not fewest < most:
        raise config.refusal("max_image_seq_len", "expected more than base_image_seq_len")
    mu = low + (high - low) / (most - fewest) * (n - fewest)
    kind = config.values.get("time_shift_type", "exponential")
    if kind not in ("exponential", "linear"):
        raise config.refusal("time_shift_type", "which cannot be expressed here: known are exponential, linear")
    shift = math.exp(mu) if kind == "exponential" else mu
    if not 0 < shift < math.inf:
        raise config.refusal("max_shift", f"which shifts images of {n} tokens by {shift:.3g}: it must be positive")
    return shift, f"dynamic shift {shift:.4g} for {n} tokens"
