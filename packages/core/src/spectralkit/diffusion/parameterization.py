r"""What a network's raw output F means: ``x0_hat = p x + q F`` and ``eps_hat = p' x + q' F``.

=========  ===================  ==================================  ==================================
type       target of F          x0_hat                              eps_hat
=========  ===================  ==================================  ==================================
eps        eps                  (x - sigma F) / alpha               F
x0         x0                   F                                   (x - alpha F) / sigma
v          alpha eps - sigma x0 (alpha x - sigma F) / (a^2 + s^2)   (sigma x + alpha F) / (a^2 + s^2)
flow       eps - x0             (x - sigma F) / (alpha + sigma)     (x + alpha F) / (alpha + sigma)
EDM        (x0 - c_skip x)/c_out c_skip x + c_out F                 (x - x0_hat) / sigma
=========  ===================  ==================================  ==================================

Sources: Ho et al. 2020 (eps), Salimans & Ho 2022 (v), Liu et al. 2023 (flow), Karras et al. 2022 (EDM).
All coefficients are scalars or per-sample tensors, so one set of formulas serves sampling and training.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import attrs
from torch import Tensor

from spectralkit.errors import ConfigurationError

Scalar = float | Tensor


@attrs.frozen(eq=False)
class Affine:
    """Coefficients of ``x0 = p x + q F`` and ``eps = p_eps x + q_eps F``."""

    p: Scalar
    q: Scalar
    p_eps: Scalar
    q_eps: Scalar


@runtime_checkable
class Parameterization(Protocol):
    """Raw network output <-> prediction, and the training target."""

    def affine(self, alpha: Scalar, sigma: Scalar) -> Affine:
        """The coefficients at noise level (alpha, sigma)."""
        ...

    def input_scale(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        """What x is multiplied by before it enters the network."""
        ...

    def target(self, x0: Tensor, eps: Tensor, alpha: Scalar, sigma: Scalar) -> Tensor:
        """What F is regressed on, with an unweighted squared error."""
        ...


@attrs.frozen
class EpsParameterization:
    """F is the noise."""

    def affine(self, alpha: Scalar, sigma: Scalar) -> Affine:
        return Affine(1 / alpha, -sigma / alpha, 0.0, 1.0)

    def input_scale(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        return 1.0

    def target(self, x0: Tensor, eps: Tensor, alpha: Scalar, sigma: Scalar) -> Tensor:
        return eps


@attrs.frozen
class X0Parameterization:
    """F is the clean image."""

    def affine(self, alpha: Scalar, sigma: Scalar) -> Affine:
        return Affine(0.0, 1.0, 1 / sigma, -alpha / sigma)

    def input_scale(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        return 1.0

    def target(self, x0: Tensor, eps: Tensor, alpha: Scalar, sigma: Scalar) -> Tensor:
        return x0


@attrs.frozen
class VParameterization:
    """F is the velocity ``alpha eps - sigma x0`` (Salimans & Ho 2022)."""

    def affine(self, alpha: Scalar, sigma: Scalar) -> Affine:
        norm = alpha**2 + sigma**2
        return Affine(alpha / norm, -sigma / norm, sigma / norm, alpha / norm)

    def input_scale(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        return 1.0

    def target(self, x0: Tensor, eps: Tensor, alpha: Scalar, sigma: Scalar) -> Tensor:
        return alpha * eps - sigma * x0


@attrs.frozen
class FlowParameterization:
    """F is the velocity ``eps - x0`` of the straight line from image to noise (Liu et al. 2023)."""

    def affine(self, alpha: Scalar, sigma: Scalar) -> Affine:
        total = alpha + sigma
        return Affine(1 / total, -sigma / total, 1 / total, alpha / total)

    def input_scale(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        return 1.0

    def target(self, x0: Tensor, eps: Tensor, alpha: Scalar, sigma: Scalar) -> Tensor:
        return eps - x0


@attrs.frozen
class EDMParameterization:
    """Preconditioned denoiser of Karras et al. 2022; assumes ``alpha = 1``.

    The weighted denoising loss ``(sigma^2 + sd^2) / (sigma sd)^2 ||D - x0||^2`` equals the unweighted error of F
    against :meth:`target`, because the weight times ``c_out^2`` is 1.

    Args:
        sigma_data: Standard deviation of the data.
    """

    sigma_data: float = 0.5

    def __attrs_post_init__(self) -> None:
        if not 0 < self.sigma_data < float("inf"):
            raise ConfigurationError(f"sigma_data must be positive, got {self.sigma_data}")

    def affine(self, alpha: Scalar, sigma: Scalar) -> Affine:
        variance = sigma**2 + self.sigma_data**2
        c_skip = self.sigma_data**2 / variance
        c_out = sigma * self.sigma_data / variance**0.5
        # (1 - c_skip) / sigma and c_out / sigma in closed form: no cancellation at small sigma.
        return Affine(c_skip, c_out, sigma / variance, -self.sigma_data / variance**0.5)

    def input_scale(self, alpha: Scalar, sigma: Scalar) -> Scalar:
        return 1 / (sigma**2 + self.sigma_data**2) ** 0.5

    def target(self, x0: Tensor, eps: Tensor, alpha: Scalar, sigma: Scalar) -> Tensor:
        # (x0 - c_skip x) / c_out with x = x0 + sigma eps, simplified so that nothing is divided by sigma.
        return (sigma * x0 - self.sigma_data**2 * eps) / (self.sigma_data * (sigma**2 + self.sigma_data**2) ** 0.5)
