r"""Null-class inversion (null-text inversion; Mokady et al. 2023): guided sampling made to retrace the inversion.

Guidance ``e = e(phi) + w (e(c) - e(phi))`` with w > 1 amplifies the error of every step, so that sampling leaves the
inversion's trajectory ``x*_0 ... x*_N``. On the way back a pivot starts at ``xbar_N = x*_N`` under the source class c.
Sampling step i = 0, 1, ... (noisiest first) first minimises, over the null embedding alone and from ``phi_{i-1}`` on,

.. math::
    L(\phi) = \frac 1d \big\| w\, s(\bar x, c) + (1 - w)\, s(\bar x, \phi) - x^* \big\|^2,

where s is one unguided step and x* the stored state it should reach: Adam with the learning rate
``lr (1 - i / horizon)``, at most ``inner_steps`` updates, ended by an update whose loss was already below
``tolerance + growth i``. Then the pivot and the translated image both advance with ``phi_i``, the image under the
target class. The gradient carries the factor 1 - w: at w = 1 there is nothing to optimise.

Every sample has its own embedding and its own stop; finished samples leave the batch.
"""

from __future__ import annotations

import warnings

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import expand
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Inversion, Parts, State
from spectralkit.inversion.probe import Probe

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
"""Adam's constants."""


@attrs.frozen(eq=False)
class Pivot:
    """What the sampler carries.

    Args:
        states: ``x*_0 ... x*_N``, (B, C, H, W) each.
        x: ``xbar``, (B, C, H, W).
        phi: The null embedding of each sample, (B, ...).
    """

    states: tuple[Tensor, ...]
    x: Tensor
    phi: Tensor


@attrs.frozen
class NullClassSampler:
    """One guided step with an optimised null embedding; see the module for the mathematics.

    Args:
        inner_steps: Most updates of the embedding per level.
        learning_rate: Adam's, at the noisiest level.
        tolerance: Loss that ends the updates at the noisiest level.
        growth: Added to the tolerance with every level.
        horizon: Sampling step at which the learning rate would reach zero.
    """

    inner_steps: int
    learning_rate: float
    tolerance: float
    growth: float
    horizon: int

    needs_trajectory: bool = attrs.field(default=True, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        if context.sampling_guidance == 1:
            warnings.warn("null-class is a no-op at sampling guidance 1: give a guidance above 1", stacklevel=2)
            return inversion.latent, None
        self.admit(inversion, context)
        null = context.source.absence
        # Adam and the embedding it moves stay in single precision or better, whatever the network runs in.
        phi = expand(null, inversion.latent.shape[0]).to(torch.promote_types(null.dtype, torch.float32))
        return inversion.latent, Pivot(inversion.states(context), inversion.latent, phi)

    def admit(self, inversion: Inversion, context: Context) -> None:
        """Refuse what the method has no meaning for."""
        if context.sampling_guidance < 1:
            raise ConfigurationError(
                f"null-class needs a sampling guidance above 1, got {context.sampling_guidance}: there is no "
                "amplified error to undo"
            )
        if inversion.index > self.horizon:
            raise ConfigurationError(
                f"null-class would learn nothing after sampling step {self.horizon} of {inversion.index}: use fewer "
                "steps or a larger horizon"
            )
        if not context.source.absence.is_floating_point():
            raise ConfigurationError("null-class optimises the null class's embedding, and this model has only labels")

    def __call__(self, probe: Probe, here: Level, there: Level, state: Pivot | None) -> tuple[Tensor, State]:
        if state is None:
            return move(probe.prediction, there), None
        context, w = probe.context, probe.guidance
        conditional = w * move(context.predict(state.x, here, context.source, 1.0), there)
        phi = self.optimise(probe, there, conditional, state)
        null = phi.to(context.source.absence.dtype)
        pivot = conditional + (1 - w) * step(context, state.x, here, there, null)
        x = move(context.predict(probe.x, here, Condition(context.target.embedding, null), w), there)
        return x, Pivot(state.states, pivot, phi)

    def optimise(self, probe: Probe, there: Level, conditional: Tensor, state: Pivot) -> Tensor:
        """``phi_i``, (B, ...), from ``phi_{i-1}``; ``conditional`` is ``w s(xbar, c)``."""
        i = len(state.states) - 1 - probe.index
        rate = self.learning_rate * (1 - i / self.horizon)
        goal = state.states[probe.index - 1] - conditional
        phi, m, v = state.phi.clone(), torch.zeros_like(state.phi), torch.zeros_like(state.phi)
        rows = torch.arange(len(phi), device=phi.device)
        updates = torch.zeros(len(phi), device=phi.device)
        for j in range(1, self.inner_steps + 1):
            loss, g = losses(probe, there, state.x[rows], phi[rows], goal[rows])
            m[rows] = BETA1 * m[rows] + (1 - BETA1) * g
            v[rows] = BETA2 * v[rows] + (1 - BETA2) * g**2
            updates[rows] += 1
            phi[rows] -= rate * (m[rows] / (1 - BETA1**j)) / ((v[rows] / (1 - BETA2**j)).sqrt() + EPS)
            rows = rows[loss >= self.tolerance + self.growth * i]
            if len(rows) == 0:
                break
        probe.context.meter.record("null-class/inner-steps", updates)
        return phi


def step(context: Context, x: Tensor, here: Level, there: Level, embedding: Tensor) -> Tensor:
    """``s(x, phi)``: one unguided step under an embedding, (n, C, H, W)."""
    return move(context.predict(x, here, Condition(embedding, embedding), 1.0), there)


def losses(probe: Probe, there: Level, x: Tensor, phi: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
    """Each sample's loss (n,) and its gradient (n, ...) in ``phi``; ``goal`` is ``x* - w s(xbar, c)``."""
    context, point = probe.context, phi.detach().requires_grad_()
    with torch.enable_grad():
        reached = step(context, x, probe.level, there, point.to(context.source.absence.dtype))
        loss = ((1 - probe.guidance) * reached - goal).square().flatten(1).mean(dim=1)
        gradient = context.gradient(loss, point)
    return loss.detach(), gradient


def null_class(
    inner_steps: int = 10,
    learning_rate: float = 1e-2,
    tolerance: float = 1e-5,
    growth: float = 2e-5,
    horizon: int = 100,
) -> Parts:
    """Null-class inversion: optimise the null embedding until guided sampling retraces the inversion.

    It needs a sampling guidance above 1; at 1 it warns and is standard sampling. The optimisation adds evaluations to
    every sampling step and keeps the inversion's trajectory.

    Args:
        inner_steps: Most updates of the embedding per level, at least 1.
        learning_rate: Adam's learning rate at the noisiest level, > 0.
        tolerance: Mean squared error that ends the updates at the noisiest level, >= 0.
        growth: Added to the tolerance with every level, >= 0.
        horizon: Sampling step at which the learning rate would reach zero; 100 in the published code, whatever the
            number of steps, which it may not fall below.

    Raises:
        ConfigurationError: If a value is out of range.
    """
    for name, count in (("inner_steps", inner_steps), ("horizon", horizon)):
        if not isinstance(count, int) or count < 1:
            raise ConfigurationError(f"{name} of null-class must be a whole number of at least 1, got {count!r}")
    if not 0 < learning_rate < float("inf"):
        raise ConfigurationError(f"learning_rate of null-class must be positive and finite, got {learning_rate}")
    for name, value in (("tolerance", tolerance), ("growth", growth)):
        if not 0 <= value < float("inf"):
            raise ConfigurationError(f"{name} of null-class must be a finite number >= 0, got {value}")
    return Parts(sampler=NullClassSampler(inner_steps, learning_rate, tolerance, growth, horizon), name="null-class")
