r"""A denoiser with a closed form: Gaussian data, diagonal in Fourier space.

Per class, ``x_0 ~ N(mu, F* diag(lambda) F)`` with F the orthonormal 2-D Fourier transform of each channel. Then

.. math::
    \hat x_0 = \mu + F^* \frac{\alpha \lambda}{\alpha^2 \lambda + \sigma^2} F (x - \alpha \mu), \qquad
    \hat\epsilon = F^* \frac{\sigma}{\alpha^2 \lambda + \sigma^2} F (x - \alpha \mu),

and the probability-flow ODE has the exact solution

.. math::
    x' = \alpha' \mu + F^* \sqrt{\frac{\alpha'^2 \lambda + \sigma'^2}{\alpha^2 \lambda + \sigma^2}} F (x - \alpha \mu).

With an exact score the parameterization changes nothing, so this is both a model that needs no training and the
oracle that the solvers are tested against. A condition is a row of weights over the classes (one-hot for a class);
means and log-powers are mixed linearly, so that the denoiser is differentiable in its condition, as a network is.
"""

from __future__ import annotations

import math
from typing import cast

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import shape_of
from spectralkit.diffusion.denoiser import Condition, guide
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError


@attrs.frozen(eq=False)
class GaussianDenoiser:
    """Exact denoiser of Gaussian data.

    Args:
        means: (K, C, H, W), the mean of each class.
        log_powers: (K, C, H, W), the log power spectrum of each class (the variance of each orthonormal Fourier mode).
    """

    means: Tensor = attrs.field(repr=shape_of)
    log_powers: Tensor = attrs.field(repr=shape_of)

    def __call__(self, x: Tensor, level: Level, condition: Condition, guidance: float = 1.0) -> Prediction:
        """``x0_hat`` and ``eps_hat`` at x, (B, C, H, W)."""

        def noise(x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
            mean, power = self.moments(embedding, x)
            return apply_filter(x - level.alpha * mean, level.sigma / (level.alpha**2 * power + level.sigma**2))

        def image(x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
            mean, power = self.moments(embedding, x)
            gain = level.alpha * power / (level.alpha**2 * power + level.sigma**2)
            return mean + apply_filter(x - level.alpha * mean, gain)

        label = x.new_full((x.shape[0],), level.label)
        return Prediction(guide(image, x, label, condition, guidance), guide(noise, x, label, condition, guidance))

    def moments(self, embedding: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and power (B, C, H, W) of a mixture of classes, in the precision of ``like``."""
        weights = embedding.to(like.dtype)
        mean = torch.einsum("bk,kchw->bchw", weights, self.means.to(like.dtype))
        log_power = torch.einsum("bk,kchw->bchw", weights, self.log_powers.to(like.dtype))
        return mean, log_power.exp()

    def flow(self, x: Tensor, here: Level, there: Level, condition: Condition) -> Tensor:
        """The exact probability-flow map from one level to another."""
        mean, power = self.moments(condition.embedding, x)
        variance = [level.alpha**2 * power + level.sigma**2 for level in (here, there)]
        return there.alpha * mean + apply_filter(x - here.alpha * mean, (variance[1] / variance[0]).sqrt())

    def to(self, device: torch.device | None = None, dtype: torch.dtype | None = None) -> GaussianDenoiser:
        """The denoiser on another device.

        Raises:
            ConfigurationError: If a precision is asked for: there is no network, and moments follow the state's.
        """
        if dtype is not None:
            raise ConfigurationError(f"a closed-form denoiser has no network to run in {dtype}: leave dtype out")
        return GaussianDenoiser(self.means.to(device), self.log_powers.to(device))

    def one_hot(self, index: int) -> Condition:
        """The condition of class ``index``; the last class serves as null."""
        identity = torch.eye(self.means.shape[0], device=self.means.device)
        return Condition(identity[index : index + 1], identity[-1:])


def apply_filter(x: Tensor, gain: Tensor) -> Tensor:
    """``F* diag(gain) F x`` for a gain that is even in frequency."""
    return cast(Tensor, torch.fft.ifft2(torch.fft.fft2(x) * gain).real)


@attrs.frozen(eq=False)
class Sums:
    """Of images, what their moments are made of; those of two sets add up to those of both.

    Args:
        count: N.
        first: (C,) float64, the sum of the modes of frequency 0.
        second: (C, H, W) float64, the sum of the powers of all modes.
    """

    count: int
    first: Tensor
    second: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Sums:
        """Of (N, C, H, W) images."""
        modes = torch.fft.fft2(images, norm="ortho")
        second = modes.real.square().sum(dim=0, dtype=torch.float64) + modes.imag.square().sum(0, dtype=torch.float64)
        return cls(len(images), modes.real[..., 0, 0].sum(dim=0, dtype=torch.float64), second)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.first + other.first, self.second + other.second)

    def moments(self, floor: float) -> tuple[Tensor, Tensor]:
        """Mean (C, H, W), constant over each channel, and log power spectrum.

        The power is floored, because a spectrally sparse class has modes without any energy.
        """
        first, power = self.first / self.count, self.second / self.count
        power[..., 0, 0] -= first.square()
        # A real image's spectrum is even; averaging with its mirror keeps the estimate exactly so.
        mirrored = power.flip(-2, -1).roll((1, 1), dims=(-2, -1))
        mean = (first / math.sqrt(power[0].numel())).view(-1, 1, 1).expand_as(power)
        return mean.float(), ((power + mirrored) / 2).clamp_min(floor).log().float()
