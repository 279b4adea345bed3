"""Specs of the full-reference image metrics."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from spectralkit.hookspecs import hookimpl
from spectralkit.specs import MetricSpec


@hookimpl
def spectralkit_metrics() -> Iterable[MetricSpec]:
    """PSNR."""
    return (
        MetricSpec(
            name="psnr",
            target="spectralkit_metrics_image.psnr:psnr",
            summary="peak signal-to-noise ratio in dB, mean over images",
            inputs=("generated", "reference"),
            higher_is_better=True,
            range=(0.0, inf),
        ),
    )
