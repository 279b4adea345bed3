"""Coarse structure of images against the decorrelation of the noise maps they came from (Fig. 16)."""

from __future__ import annotations

from spectralkit_bench.figures.decorrelation import against
from spectralkit_bench.figures.material import Drawing, Material


def draw(material: Material) -> Drawing:
    """S_LF up."""
    return against(material, "s-lf")
