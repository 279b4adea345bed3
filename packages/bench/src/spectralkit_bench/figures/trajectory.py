"""The states that an inversion passes, brought to unit variance where that is wanted."""

from __future__ import annotations

import math

from torch import Tensor

from spectralkit.diffusion.schedule import Level
from spectralkit_bench.figures.material import Subject
from spectralkit_metrics_spectral import variance_normalised


def states(subject: Subject) -> tuple[Tensor, ...]:
    """(B, C, H, W) each, from the level where the climb begins."""
    return tuple(x.float().cpu() for x in subject.again.inversion.trajectory)


def normalised(subject: Subject) -> tuple[Tensor, ...]:
    """The same over ``sqrt(alpha^2 + sigma^2)``, the scale of unit-variance data."""
    return variance_normalised(states(subject), _levels(subject))


def preserving(subject: Subject) -> bool:
    """Whether that scale is 1 at every level."""
    return all(math.isclose(level.alpha**2 + level.sigma**2, 1, rel_tol=1e-6) for level in _levels(subject))


def _levels(subject: Subject) -> tuple[Level, ...]:
    inversion = subject.again.inversion
    return tuple(subject.again.context.levels[inversion.start_index : inversion.index + 1])
