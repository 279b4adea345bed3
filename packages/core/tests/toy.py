"""Targets of the toy plugin: small enough that a run takes milliseconds, and faulty on request."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Literal

import attrs
import torch
from torch import Tensor

from spectralkit.data import Sample, Structure, decimate
from spectralkit.diffusion.parameterization import EDMParameterization, EpsParameterization
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.errors import ConfigurationError, HeldOutError
from spectralkit.inversion.parts import Encoded, Parts
from spectralkit.metric import MeanScore

Fault = Literal["none", "nan", "range", "shape", "bare", "mixed", "twice", "hostile", "untrained", "held", "conditions"]


def smooth(index: int, shape: tuple[int, int, int]) -> Tensor:
    """(C, H, W) in [0, 1], different for every index."""
    generator = torch.Generator().manual_seed(index)
    channels, height, width = shape
    frequency = torch.rand(channels, 2, 1, 1, generator=generator)
    phase = 6 * torch.rand(channels, 1, 1, generator=generator)
    y, x = torch.arange(height)[:, None], torch.arange(width)[None, :]
    noise = torch.rand(shape, generator=generator)
    wave = torch.sin(frequency[:, 0] * y + frequency[:, 1] * x + phase)
    return ((0.8 * wave + 0.4 * noise + 1) / 2.4).clamp(0, 1)


@attrs.frozen(eq=False)
class Toy:
    """Waves.

    Args:
        scale: Decimation factor, 1, 2 or 4.
        height: Of the images.
        width: Of the images.
        channels: Of the images.
        count: Number of samples.
        fault: What is wrong with it.
    """

    scale: int = 2
    height: int = 8
    width: int = 8
    channels: int = 3
    count: int = 6
    fault: Fault = "none"

    name: str = attrs.field(default="toy", init=False)
    source: str = attrs.field(default="low", init=False)
    structure: Structure = attrs.field(default="rgb", init=False)

    def __attrs_post_init__(self) -> None:
        if self.scale not in (1, 2, 4):
            raise ConfigurationError(f"scale {self.scale} is impossible for data set toy: choose one of 1, 2, 4")

    @property
    def target(self) -> str:
        return "sketch" if self.fault == "conditions" else "high"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, self.height, self.width)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        reference = smooth(index, self.shape)
        source, bad = decimate(reference, self.scale), index == 1
        if self.fault == "nan" and bad:
            source[0, 0, 0] = math.nan
        if self.fault == "range" and bad:
            source[0, 0, 0] = 1.5
        if self.fault == "shape" and bad:
            source = source[:, 1:]
        bare = self.fault == "bare" or (self.fault == "mixed" and bad)
        names = {"twice": "same", "hostile": "../evil"}
        return Sample(names.get(self.fault, f"s{index}"), source, None if bare else reference)

    def sources(self) -> Iterator[Tensor]:
        if self.fault == "held":
            raise HeldOutError("data set toy is held out")
        images = [decimate(smooth(100 + i, self.shape), self.scale) for i in range(8)]
        return iter([] if self.fault == "untrained" else images)

    def targets(self) -> Iterator[Tensor]:
        if self.fault == "held":
            raise HeldOutError("data set toy is held out")
        return (smooth(200 + i, self.shape) for i in range(8))


def vp(beta_end: float = 0.012) -> Process:
    """Variance preserving.

    Args:
        beta_end: Last beta.
    """
    return Process(VPSchedule(beta_end=beta_end), EpsParameterization())


def ve() -> Process:
    """Variance exploding."""
    return Process(KarrasSchedule(), EDMParameterization())


@attrs.frozen
class Push:
    """Adds a constant times the base step."""

    weight: float

    def __call__(self, probe, base, here, there):
        size = (base - probe.x).square().flatten(1).mean(1)
        probe.context.meter.record("toy-push/size", size)
        return self.weight * (base - probe.x)


def push(weight: float = 0.1, kind: Literal["soft", "hard"] = "soft") -> Parts:
    """Push.

    Args:
        weight: How much, at least 0.
        kind: Of push.
    """
    if not weight >= 0:
        raise ConfigurationError(f"weight of toy-push must be at least 0, got {weight}")
    return Parts(corrections=(Push(weight if kind == "soft" else 2 * weight),))


@attrs.frozen
class Noised:
    """Forward-noised at the middle."""

    def __call__(self, context):
        level = context.levels[context.top // 2]
        n = context.noise.normal("toy", context.x0)
        return Encoded(level.alpha * context.x0 + level.sigma * n, context.top // 2)


def noised() -> Parts:
    """Start in the middle."""
    return Parts(start=Noised())


def leap(depth: float = 0.5) -> Parts:
    """Start in the middle, and stop there.

    Args:
        depth: Where.
    """
    return Parts(start=Noised(), depth=depth)


def doubtful() -> Parts:
    """Standard inversion that warns."""
    warnings.warn("this is\n doubtful", stacklevel=2)
    return Parts()


class Mse(MeanScore):
    """Mean power of the difference.

    Args:
        power: 1 or 2.
    """

    higher_is_better = False

    def __init__(self, power: Literal[1, 2] = 2) -> None:
        super().__init__()
        self.power = power

    def score(self, *, generated: Tensor, reference: Tensor) -> Tensor:
        return (generated - reference).abs().pow(self.power).flatten(1).mean(1)


class Gap(MeanScore):
    """Difference of the mean grey value from that of real images."""

    def __init__(self, targets, structure) -> None:
        super().__init__()
        self.grey = torch.stack(list(targets())).mean()
        self.structure = structure

    def score(self, *, generated: Tensor) -> Tensor:
        return (generated.flatten(1).mean(1) - self.grey).abs()

    def details(self):
        return {"grey": float(self.grey), "structure": self.structure}


class Grey(MeanScore):
    """Mean grey value; there is a right one, neither the highest nor the lowest."""

    def score(self, *, generated: Tensor) -> Tensor:
        return generated.flatten(1).mean(1)


class Endless(MeanScore):
    """Infinite."""

    def score(self, *, latent: Tensor) -> Tensor:
        return torch.full((len(latent),), math.inf)
