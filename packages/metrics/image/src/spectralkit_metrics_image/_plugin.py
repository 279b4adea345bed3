"""Specs of the full-reference image metrics."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from spectralkit.plugins import MetricSpec, hookimpl

PAIR = ("generated", "reference")


@hookimpl
def spectralkit_metrics() -> Iterable[MetricSpec]:
    """PSNR, SSIM, MS-SSIM and HaarPSI."""
    return (
        MetricSpec(
            name="psnr",
            target="spectralkit_metrics_image.psnr:psnr",
            summary="peak signal-to-noise ratio in dB, mean over images",
            inputs=PAIR,
            higher_is_better=True,
            range=(0.0, inf),
        ),
        MetricSpec(
            name="ssim",
            target="spectralkit_metrics_image.ssim:SSIM",
            summary="structural similarity, Gaussian 11x11 window",
            inputs=PAIR,
            higher_is_better=True,
            range=(-1.0, 1.0),
            citation="Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13 (2004)",
        ),
        MetricSpec(
            name="ms-ssim",
            target="spectralkit_metrics_image.ssim:MultiScaleSSIM",
            summary="structural similarity over five scales; sides of at least 176 pixels",
            inputs=PAIR,
            higher_is_better=True,
            citation="Wang, Simoncelli and Bovik, Asilomar (2003)",
        ),
        MetricSpec(
            name="haarpsi",
            target="spectralkit_metrics_image.haarpsi:HaarPSI",
            summary="Haar wavelet-based perceptual similarity",
            inputs=PAIR,
            higher_is_better=True,
            citation="Reisenhofer, Bosse, Kutyniok and Wiegand, Signal Process. Image Commun. 61 (2018)",
        ),
    )
