"""A diffusion process as a network meets it: the levels it lives on, and the meaning of its output."""

from __future__ import annotations

import attrs

from spectralkit.diffusion.parameterization import Parameterization
from spectralkit.diffusion.schedule import Schedule


@attrs.frozen
class Process:
    """What a parameterization plugin builds.

    Args:
        schedule: The noise levels.
        parameterization: Raw network output <-> prediction.
    """

    schedule: Schedule
    parameterization: Parameterization
