"""Small problems with known answers: random Gaussian data, a batch drawn from it, and a context to run in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.denoiser import Condition, Denoiser, NetworkDenoiser
from spectralkit.diffusion.gaussian import GaussianDenoiser, apply_filter
from spectralkit.diffusion.parameterization import EpsParameterization, Parameterization
from spectralkit.diffusion.schedule import Level, Schedule, VPSchedule
from spectralkit.inversion.context import Context, Label
from spectralkit.inversion.driver import top_index
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Parts

SHAPE = (3, 8, 8)


def random_gaussian(seed: int, shape: tuple[int, int, int] = SHAPE, classes: int = 3) -> GaussianDenoiser:
    """Gaussian data with random means and smooth random spectra; the last class is the null class."""
    generator = torch.Generator().manual_seed(seed)
    means = 0.3 * torch.randn(classes, shape[0], 1, 1, generator=generator).expand(classes, *shape)
    fy, fx = torch.fft.fftfreq(shape[1]), torch.fft.fftfreq(shape[2])
    radius = (fy[:, None] ** 2 + fx[None, :] ** 2).sqrt()
    slope = 1 + 4 * torch.rand(classes, 1, 1, 1, generator=generator)
    return GaussianDenoiser(means.clone(), -slope * (1 + 4 * radius).log().expand(classes, *shape))


def source_batch(denoiser: GaussianDenoiser, index: int, batch: int, seed: int) -> Tensor:
    """(B, C, H, W) float64 images drawn from class ``index``."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(batch, *denoiser.means.shape[1:], generator=generator, dtype=torch.float64)
    return denoiser.means[index] + apply_filter(white, (denoiser.log_powers[index].double() / 2).exp())


class OracleNetwork(nn.Module):
    """A network whose raw output is what a perfectly trained one would give.

    The target of every parameterization is linear in (x0, eps), so its conditional mean is the target of the means.
    """

    def __init__(
        self, denoiser: GaussianDenoiser, parameterization: Parameterization, levels: tuple[Level, ...]
    ) -> None:
        super().__init__()
        self.denoiser, self.parameterization = denoiser, parameterization
        self.levels = {level.label: level for level in levels}

    def forward(self, scaled: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, K) -> (B, C, H, W)."""
        level = self.levels[float(label[0])]
        x = scaled / self.parameterization.input_scale(level.alpha, level.sigma)
        prediction = self.denoiser(x, level, Condition(embedding, embedding))
        return self.parameterization.target(prediction.x0, prediction.eps, level.alpha, level.sigma)


class RandomNetwork(nn.Module):
    """A small random convolutional network: smooth, nonlinear, conditional on level and class."""

    def __init__(self, seed: int, channels: int = 3, classes: int = 3, width: int = 8) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.enter = nn.Conv2d(channels, width, 3, padding=1, dtype=torch.float64)
        self.leave = nn.Conv2d(width, channels, 3, padding=1, dtype=torch.float64)
        self.tell = nn.Linear(classes + 1, width, dtype=torch.float64)
        for parameter in self.parameters():
            parameter.data.copy_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        self.requires_grad_(False)

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, K) -> (B, C, H, W)."""
        told = torch.cat((embedding.to(x.dtype), label[:, None].to(x.dtype) / 1000), dim=1)
        hidden = torch.tanh(self.enter(x) + self.tell(told)[:, :, None, None])
        return cast(Tensor, self.leave(hidden) + 0.5 * x)


def random_denoiser(seed: int, parameterization: Parameterization | None = None, classes: int = 3) -> NetworkDenoiser:
    """A float64 :class:`NetworkDenoiser` around a :class:`RandomNetwork`."""
    return NetworkDenoiser(
        RandomNetwork(seed, classes=classes), parameterization or EpsParameterization(), torch.float64
    )


def one_hot(index: int, classes: int = 3) -> Condition:
    """The condition of class ``index``; the last class serves as null."""
    identity = torch.eye(classes)
    return Condition(identity[index : index + 1], identity[-1:])


def context_for(
    denoiser: Denoiser,
    x0: Tensor,
    steps: int,
    *,
    parts: Parts | None = None,
    schedule: Schedule | None = None,
    target: int = 1,
    inversion_guidance: float = 1.0,
    sampling_guidance: float = 1.0,
    label: Label = "current",
    seed: int = 0,
) -> Context:
    """A context for translating class 0 into class ``target``, with sample ids s0, s1, ..."""
    schedule = schedule or VPSchedule()
    return Context(
        denoiser=denoiser,
        schedule=schedule,
        levels=schedule.levels(steps),
        top=top_index(parts or Parts(), steps),
        x0=x0,
        source=one_hot(0),
        target=one_hot(target),
        inversion_guidance=inversion_guidance,
        sampling_guidance=sampling_guidance,
        noise=Noise(seed, [f"s{i}" for i in range(x0.shape[0])]),
        label=label,
        meter=Meter(x0.shape[0]),
    )


def subset(context: Context, rows: Sequence[int]) -> Context:
    """The same problem for some of its samples in any order, with a meter of its own."""
    index = torch.tensor(rows)
    return attrs.evolve(context, x0=context.x0[index], noise=context.noise.select(index), meter=Meter(len(rows)))
