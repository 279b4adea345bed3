r"""Direct inversion (PnP inversion; Ju et al. 2024): the source branch corrected onto the inversion's trajectory.

Two branches are sampled side by side. Under the source class ybar the step of the source branch x misses the stored
state by

.. math::
    o_i = x^*_{i-1} - \mathrm{step}(x_i;\, \bar y, w), \qquad x_{i-1} = \mathrm{step}(x_i;\, \bar y, w) + o_i,

so that, given o_i back at every step, it retraces the trajectory to round-off. It is simulated all the same: guidance
amplifies round-off, and only a branch in the same arithmetic has the same. The method was made to feed attention maps
of this branch into the target branch. Where branches are not coupled by attention, what reaches the target branch is
the variant's choice:

* ``source_only`` (the published default): nothing, ``x <- step(x; y, w)``; the image is that of standard sampling.
* ``add_source`` (a published ablation, not faithful to the method): the offset, ``x <- step(x; y, w) + o_i``.

The third published ablation adds the offset of the target class, ``x*_{i-1} - step(x*_i; y, w)``: by induction the
target branch then reproduces the source image whatever the target is, and so it is no variant here.
"""

from __future__ import annotations

from typing import Literal, get_args

import attrs
from torch import Tensor

from spectralkit.diffusion.batch import norm, shape_of
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Inversion, Parts, State
from spectralkit.inversion.probe import Probe

Variant = Literal["source_only", "add_source"]


@attrs.frozen(eq=False)
class Branch:
    """A branch that is held on the trajectory.

    Args:
        states: ``x*_0 ... x*_N``, (B, C, H, W) each.
        x: Where it is, (B, C, H, W).
    """

    states: tuple[Tensor, ...] = attrs.field(repr=False)
    x: Tensor = attrs.field(repr=shape_of)

    def step(self, probe: Probe, there: Level, condition: Condition) -> tuple[Tensor, Branch]:
        """``o_i``, (B, C, H, W), under a condition, and the branch that was given it."""
        moved = move(probe.context.predict(self.x, probe.level, condition, probe.guidance), there)
        o = self.states[probe.index - 1] - moved
        return o, Branch(self.states, moved + o)


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
        o, source = state.step(probe, there, probe.context.source)
        probe.context.meter.record("direct/offset", norm(o))
        x = move(probe.prediction, there)
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
    return Parts(sampler=DirectSampler(variant), name="direct")
