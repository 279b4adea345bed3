r"""Energy matching: the predicted noise of each step gets the norm that white noise of its dimension has.

For white noise ``E |eps|^2 = d``. Where the prediction falls short, as it does on spectrally sparse images, the base
step ``alpha' x0 + sigma' eps`` is corrected by

.. math::
    u = \lambda \sigma' \Big(\frac{\sqrt d}{\|\hat\epsilon\|} - 1\Big) \hat\epsilon,

so that strength 1 moves with noise of the right energy. The direction of the noise, and with it its spectrum, stays.
"""

from __future__ import annotations

import math

import attrs
from torch import Tensor

from spectralkit.diffusion.batch import dimension, unit
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.parts import Parts
from spectralkit.inversion.probe import Probe


@attrs.frozen
class EnergyMatch:
    """The correction of one inversion step.

    Args:
        strength: Fraction of the missing energy's amplitude to add.
    """

    strength: float

    def __call__(self, probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
        eps = probe.prediction.eps
        matched = math.sqrt(dimension(eps)) * unit(eps)
        return self.strength * there.sigma * (matched - eps)


def energy_match(strength: float = 1.0) -> Parts:
    """Give the predicted noise of each inversion step the energy of white noise.

    Args:
        strength: Fraction of the missing amplitude to add, in [0, 1].

    Raises:
        ConfigurationError: If the strength is out of range.
    """
    if not 0 <= strength <= 1:
        raise ConfigurationError(f"strength of energy-match must lie in [0, 1], got {strength}")
    return Parts(corrections=(EnergyMatch(strength),))
