r"""SDEdit (Meng et al. 2022): noise the source to a middle level, and sample under the target condition from there.

With t_0 the level at the fraction ``strength`` of the schedule and n one draw per image,

.. math::
    x_{t_0} = \alpha_{t_0} x_0 + \sigma_{t_0} n,

and sampling walks from x_{t_0} down to the clean level. The result may be fed back, with a new n, ``repeats`` times in
all. At strength 1 nothing of the source is left but ``alpha_T x_0``: sampling from the prior.

Nothing is inverted: x_{t_0} / sigma_{t_0} is Gaussian by construction, so its statistics say nothing of the method.
Nothing is climbed either, so a step or a correction composed with it has nothing to act on; a sampler has.
"""

from __future__ import annotations

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Parts


@attrs.frozen
class NoisedStart:
    """Begin at the last level, forward-noised: there is nothing to climb."""

    def __call__(self, context: Context) -> Encoded:
        return Encoded(context.noised(context.levels[context.top], "sdedit"), context.top)


def sdedit(strength: float = 0.5, repeats: int = 1) -> Parts:
    """Noise the source to a middle level and sample from there.

    The sampler is the deterministic one; ``sdedit + ancestral`` is the published stochastic one.

    Args:
        strength: The level to start from as a fraction of the steps, in (0, 1]; 1 samples from the prior.
        repeats: How often the output is noised and sampled in all, at least 1 (3 in the authors' release).

    Raises:
        ConfigurationError: If a value is out of range.
    """
    if not 0 < strength <= 1:
        raise ConfigurationError(f"strength of sdedit must lie in (0, 1], got {strength}")
    if repeats < 1:
        raise ConfigurationError(f"repeats of sdedit must be at least 1, got {repeats}")
    return Parts(start=NoisedStart(), depth=strength, repeats=repeats, name="sdedit")
