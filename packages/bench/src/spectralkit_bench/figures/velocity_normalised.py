"""The same of states brought to unit variance, which takes out how the noise level grows (Fig. 17)."""

from __future__ import annotations

from spectralkit.errors import DataError
from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.trajectory import normalised, preserving
from spectralkit_bench.figures.velocity import maps


def draw(material: Material) -> Drawing:
    """The states over ``sqrt(alpha^2 + sigma^2)``; where that is 1 throughout, there is nothing new to see.

    Raises:
        DataError: If all models are variance-preserving.
    """
    if all(preserving(subject) for subject in material.firsts):
        raise DataError("alpha^2 + sigma^2 = 1 at every level of these models, so that it is the same as velocity")
    return maps(material, normalised, "States are over sqrt(alpha^2 + sigma^2), the scale of unit-variance data.")
