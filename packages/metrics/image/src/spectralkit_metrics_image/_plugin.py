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
            question="How near is every pixel to that of the one real image that the source was made of?",
            yardstick="In decibels. It rewards blur: the average of all plausible images beats each of them.",
        ),
        MetricSpec(
            name="ssim",
            target="spectralkit_metrics_image.ssim:SSIM",
            summary="structural similarity, Gaussian 11x11 window",
            inputs=PAIR,
            higher_is_better=True,
            range=(-1.0, 1.0),
            citation="Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 13 (2004)",
            question="Do brightness, contrast and structure agree with those of the real image, window by window?",
            yardstick="The real image scores 1, an unrelated one near 0.",
        ),
        MetricSpec(
            name="ms-ssim",
            target="spectralkit_metrics_image.ssim:MultiScaleSSIM",
            summary="structural similarity over five scales; sides of at least 176 pixels",
            inputs=PAIR,
            higher_is_better=True,
            citation="Wang, Simoncelli and Bovik, Asilomar (2003)",
            question="Do contrast and structure agree with those of the real image, from fine to coarse?",
            yardstick="The real image scores 1, an unrelated one near 0.",
        ),
        MetricSpec(
            name="haarpsi",
            target="spectralkit_metrics_image.haarpsi:HaarPSI",
            summary="Haar wavelet-based perceptual similarity",
            inputs=PAIR,
            higher_is_better=True,
            citation="Reisenhofer, Bosse, Kutyniok and Wiegand, Signal Process. Image Commun. 61 (2018)",
            question="Do edges and textures lie where they lie in the real image, as far as an eye would notice?",
            yardstick="The real image scores 1.",
        ),
    )
