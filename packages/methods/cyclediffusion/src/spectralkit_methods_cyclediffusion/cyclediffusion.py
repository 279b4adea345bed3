r"""CycleDiffusion (Wu & De la Torre 2023): the noises of a stochastic sampler as the code of an image.

The DPM-Encoder draws a noisy trajectory that ends in the source image, and records the noises with which the sampler,
under the source condition, would have walked just this trajectory. It begins at level M with ``alpha x_0 + sigma n``
and descends; from (alpha, sigma) to the cleaner (alpha', sigma'), with n and z of unit variance,

.. math::
    \epsilon = (x - \alpha x_0) / \sigma, \qquad
    x' = \alpha' x_0 + \sigma_{down} \epsilon + \sigma_{up} n, \qquad
    z = \big(x' - \alpha' \hat x_0 - \sigma_{down} \hat\epsilon\big) / \sigma_{up},

.. math::
    \sigma_{up} = \eta \sigma' \sqrt{1 - \Big(\frac{\alpha \sigma'}{\alpha' \sigma}\Big)^2}, \qquad
    \sigma_{down} = \sqrt{\sigma'^2 - \sigma_{up}^2}.

sigma_up is eta times the standard deviation of q(x' | x, x_0), for any alpha and sigma. A variance-preserving process
(``sigma^2 = 1 - abar``) turns it into the published ``eta sqrt((1 - abar') / (1 - abar)) sqrt(1 - abar / abar')``, a
variance-exploding one (``alpha = 1``) into ``eta sigma' sqrt(1 - sigma'^2 / sigma^2)``.

Decoding is the same sampler under the target condition, from x_M with the recorded z. The transition to the clean level
is deterministic and unrecorded, so under the source condition the trajectory is retraced exactly up to that step, the
image up to that step's error. Dividing by sigma_up amplifies round-off: the state is float64.
"""

from __future__ import annotations

import attrs
from torch import Tensor

from spectralkit.diffusion.ancestral import drift, split
from spectralkit.diffusion.prediction import Prediction
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, MoveStep, Parts
from spectralkit_methods_ancestral import AncestralSampler


@attrs.frozen
class DPMEncoder:
    """Begin at the last level M; the memory is ``{"noises": {index of the level left: z}}``, indices M ... 2.

    Args:
        eta: Share of the noise that is renewed, in (0, 1].
    """

    eta: float

    def __call__(self, context: Context) -> Encoded:
        x0 = context.x0
        x = start = context.noised(context.levels[context.top], "cyclediffusion/start")
        noises: dict[int, Tensor] = {}
        for index in range(context.top, 1, -1):
            here, there = context.levels[index], context.levels[index - 1]
            noise = split(here, there, self.eta)
            if noise.up == 0:  # a level listed twice: nothing moves, and there is no noise to find
                continue
            posterior = Prediction(x0, (x - here.alpha * x0) / here.sigma)
            n = context.noise.normal(f"cyclediffusion/{index}", x0)
            reached = drift(posterior, there, noise.down) + noise.up * n
            prediction = context.predict(x, here, context.source, context.inversion_guidance)
            noises[index] = (reached - drift(prediction, there, noise.down)) / noise.up
            x = reached
        return Encoded(start, context.top, {"noises": noises})


def cyclediffusion(eta: float = 0.1, skip: float = 0.2) -> Parts:
    """Encode the source as the noises of a stochastic sampler, and decode them under the target condition.

    Nothing climbs, so the slot of the step is taken too: another step would be without effect.

    Args:
        eta: Share of the noise that is renewed at each step, in (0, 1]; 0 has no noises to record.
        skip: Fraction of the noisiest steps that is left out, in [0, 1).

    Raises:
        ConfigurationError: If a value is out of range.
    """
    if not 0 < eta <= 1:
        raise ConfigurationError(f"eta of cyclediffusion must lie in (0, 1], got {eta}")
    if not 0 <= skip < 1:
        raise ConfigurationError(f"skip of cyclediffusion must lie in [0, 1), got {skip}")
    return Parts(
        start=DPMEncoder(eta),
        step=MoveStep(),
        sampler=AncestralSampler(eta),
        depth=1 - skip,
        double=True,
        name="cyclediffusion",
    )
