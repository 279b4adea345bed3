r"""Direct inversion (PnP inversion; Ju et al. 2024): the source branch corrected onto the inversion's trajectory.

Two branches are sampled side by side. Under the source class ybar the step from the stored state ``x*_i`` misses the
stored state it came from by

.. math::
    o_i = x^*_{i-1} - \mathrm{step}(x^*_i;\, \bar y, w),

and the source branch, given o_i back at every step, is ``x*_i`` exactly: it retraces the trajectory without being
simulated. The method was made to feed attention maps of this branch into the target branch. Where branches are not
coupled by attention, what reaches the target branch is the variant's choice:

* ``source_only`` (the published default): nothing, ``x <- step(x; y, w)``; the image is that of standard sampling.
* ``add_source`` (a published ablation, not faithful to the method): the offset, ``x <- step(x; y, w) + o_i``.

The third published ablation adds the offset of the target class, ``x*_{i-1} - step(x*_i; y, w)``: by induction the
target branch then reproduces the source image whatever the target is, and so it is no variant here.
"""

from __future__ import annotations

from typing import Literal, get_args

import attrs
from torch import Tensor

from spectralkit.diffusion.batch import norm
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.parts import Inversion, Parts, State
from spectralkit.inversion.probe import Context, Probe

Variant = Literal["source_only", "add_source"]


def offset(probe: Probe, there: Level, states: tuple[Tensor, ...], condition: Condition) -> Tensor:
    """``x*_{i-1} - step(x*_i; condition, w)``, (B, C, H, W), at the level of ``probe``."""
    prediction = probe.context.predict(states[probe.index], probe.level, condition, probe.guidance)
    return states[probe.index - 1] - move(prediction, there)


@attrs.frozen(eq=False)
class Branch:
    """What the sampler carries.

    Args:
        states: ``x*_0 ... x*_N``, (B, C, H, W) each.
        x: The source branch, (B, C, H, W).
    """

    states: tuple[Tensor, ...]
    x: Tensor


@attrs.frozen
class DirectSampler:
    """One transition of both branches; see the module for the mathematics.

    Args:
        variant: What reaches the target branch.
    """

    variant: Variant

    needs_trajectory: bool = attrs.field(default=True, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        return inversion.latent, Branch(inversion.states(context), inversion.latent)

    def __call__(self, probe: Probe, here: Level, there: Level, state: Branch) -> tuple[Tensor, State]:
        o = offset(probe, there, state.states, probe.context.source)
        probe.context.meter.record("direct/offset", norm(o))
        x = move(probe.prediction, there)
        source = Branch(state.states, state.states[probe.index - 1])
        return (x + o if self.variant == "add_source" else x), source


def direct(variant: Variant = "source_only") -> Parts:
    """Direct inversion: correct the source branch onto the inversion's trajectory, leave the target branch free.

    Args:
        variant: What reaches the target branch: ``source_only`` nothing (the image is that of standard sampling;
            the size of each correction is recorded as ``direct/offset``), ``add_source`` the source branch's
            correction (an ablation, not faithful to the method).

    Raises:
        ConfigurationError: If the variant is none of these.
    """
    if variant not in get_args(Variant):
        raise ConfigurationError(
            f"variant {variant!r} of direct does not exist: choose source_only or add_source (add_target is left out, "
            "because without attention coupling it reproduces the source image whatever the target is)"
        )
    return Parts(sampler=DirectSampler(variant))
