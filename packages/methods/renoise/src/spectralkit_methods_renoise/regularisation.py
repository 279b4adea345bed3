r"""Regularisation of a noise estimate (Garibi et al. 2024, after Parmar et al. 2023): towards the statistics of noise.

Per sample, two losses whose gradients are written out here. Against a reference estimate r, over the 4 x 4 patches of
each channel, with means mu, unbiased variances v and g = 1e-6,

.. math::
    L_{kl} = \sum \Big| \ln \frac{v_r + g}{v_e + g} + \frac{v_e + (\mu_e - \mu_r)^2}{v_r + g} - 1 \Big|.

Over each channel at full size and after each 2 x 2 average-pooling, down to and including the first map of height at
most 8, with a random shift s of its own that rows and columns share,

.. math::
    L_{ac} = \sum \langle e \cdot \mathrm{roll}_h(e, s) \rangle^2 + \langle e \cdot \mathrm{roll}_w(e, s) \rangle^2.

One round is ``e -= kl clip(dL_kl, +-100)``, then ``rolls`` times ``e -= (ac / rolls) dL_ac`` with fresh shifts.
Nothing runs across the batch: sums over samples have each sample's own gradient.

L_ac is quartic, and the published step size, made for maps of 64 x 64, runs away from estimates that are small maps or
far out. A descent of L_ac that is longer than ``2 |e|`` must end farther out than it began; it is cut to ``|e|``.
"""

from __future__ import annotations

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from spectralkit.diffusion.batch import norm, unit
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.noise import Noise

PATCH = 4
"""Side of the patches whose mean and variance are compared."""

GUARD = 1e-6
"""Added to variances."""

CLIP = 100.0
"""Bound on each entry of the gradient of L_kl."""

COARSEST = 8
"""Height of the maps at which pooling ends."""


def kl_gradient(e: Tensor, r: Tensor) -> Tensor:
    """``dL_kl / de``, (B, C, H, W); rows and columns beyond the last whole patch do not enter."""
    (B, C, H, W), n = e.shape, PATCH**2
    h, w = H // PATCH, W // PATCH

    def patches(x: Tensor) -> Tensor:
        return x[..., : h * PATCH, : w * PATCH].reshape(B, C, h, PATCH, w, PATCH)

    e, r, within = patches(e), patches(r), (3, 5)
    mu_e, v_e = e.mean(within, keepdim=True), e.var(within, keepdim=True)
    mu_r, v_r = r.mean(within, keepdim=True), r.var(within, keepdim=True)
    value = ((v_r + GUARD) / (v_e + GUARD)).log() + (v_e + (mu_e - mu_r) ** 2) / (v_r + GUARD) - 1
    by_mean = 2 * (mu_e - mu_r) / (v_r + GUARD)
    by_variance = 1 / (v_r + GUARD) - 1 / (v_e + GUARD)
    gradient = value.sign() * (by_mean / n + by_variance * 2 * (e - mu_e) / (n - 1))
    gradient = gradient.reshape(B, C, h * PATCH, w * PATCH)
    return functional.pad(gradient, (0, W - w * PATCH, 0, H - h * PATCH))


def heights(H: int) -> list[int]:
    """Heights of the maps that L_ac looks at, finest first."""
    found = [H]
    while found[-1] > COARSEST:
        found.append(found[-1] // 2)
    return found


def roll(x: Tensor, shift: Tensor, axis: int) -> Tensor:
    """Each channel of (B, C, H, W) rolled by its own shift, (B, C), along axis -2 or -1."""
    size = x.shape[axis]
    source = (torch.arange(size, device=x.device) - shift[..., None]) % size
    return x.gather(axis, source.unsqueeze(-1 if axis == -2 else -2).expand_as(x))


def autocorrelation_gradient(e: Tensor, shifts: list[Tensor]) -> Tensor:
    """``dL_ac / de``, (B, C, H, W), for one shift per map, sample and channel: (B, C) each, finest map first."""
    maps = [e]
    while len(maps) < len(shifts):
        maps.append(functional.avg_pool2d(maps[-1], 2))
    gradient = torch.zeros_like(maps[-1])
    for x, shift in zip(reversed(maps), reversed(shifts), strict=True):
        if gradient.shape != x.shape:  # the adjoint of pooling: a quarter to each of the four
            spread = gradient.repeat_interleave(2, -2).repeat_interleave(2, -1) / 4
            gradient = functional.pad(spread, (0, x.shape[-1] % 2, 0, x.shape[-2] % 2))
        for axis in (-2, -1):
            neighbours = roll(x, shift, axis)
            mean = (x * neighbours).mean((-2, -1), keepdim=True)
            neighbours = neighbours + roll(x, -shift, axis)
            gradient = gradient + 2 * mean * neighbours / (x.shape[-2] * x.shape[-1])
    return gradient


def bounded(step: Tensor, e: Tensor) -> Tensor:
    """``step``, cut to the norm of ``e`` in samples where it is more than twice as long."""
    return torch.where(norm(step) > 2 * norm(e), norm(e) * unit(step), step)


@attrs.frozen
class Regularisation:
    """Gradient descent on both losses.

    Args:
        kl: Step size on L_kl.
        ac: Step size on L_ac.
        rounds: How often both are descended.
        rolls: Descents of L_ac per round, each with fresh shifts.
        allow_zero: Whether a shift may be 0, which penalises variance itself.
    """

    kl: float
    ac: float
    rounds: int
    rolls: int
    allow_zero: bool

    def check(self, H: int, W: int) -> None:
        """Refuse maps too small or too narrow for patches and shifts.

        Raises:
            ConfigurationError: If so.
        """
        if min(H, W) < PATCH or W >> (len(heights(H)) - 1) < 1:
            raise ConfigurationError(
                f"renoise cannot regularise maps of {H} x {W}: they must be at least {PATCH} x {PATCH} and not much "
                "higher than wide; set rounds=0"
            )

    def __call__(self, e: Tensor, r: Tensor, noise: Noise, purpose: str) -> Tensor:
        """The regularised estimate, (B, C, H, W).

        Args:
            e: The estimate.
            r: The reference.
            noise: Source of the shifts.
            purpose: What the shifts are keyed by.
        """
        shifts = self.shifts(e, noise, purpose)
        for i in range(self.rounds):
            if self.kl > 0:
                e = e - self.kl * kl_gradient(e, r).clamp(-CLIP, CLIP)
            if self.ac > 0:
                for j in range(self.rolls):
                    drawn = [shift[:, i, j] for shift in shifts]
                    e = e - bounded(self.ac / self.rolls * autocorrelation_gradient(e, drawn), e)
        return e

    def shifts(self, e: Tensor, noise: Noise, purpose: str) -> list[Tensor]:
        """Per map, (B, rounds, rolls, C) uniform integers in [1, height / 2), or [0, height / 2)."""
        shape, low = (self.rounds, self.rolls, e.shape[1]), 0 if self.allow_zero else 1
        count = self.rounds * self.rolls * e.shape[1]
        return [
            noise.integers(f"{purpose}/{height}", low, height // 2, count).view(-1, *shape).to(e.device)
            for height in heights(e.shape[-2])
        ]
