"""The metrics this package registers."""

from __future__ import annotations

from collections.abc import Iterable

from spectralkit.plugins import MetricSpec, hookimpl

PACKAGE = "spectralkit_metrics_spectral"
PAPER = "Spectral Collapse in Diffusion Inversion, appendix B"


@hookimpl
def spectralkit_metrics() -> Iterable[MetricSpec]:
    """Gaussianity and decorrelation of latents; high- and low-frequency fidelity of images."""
    return (
        MetricSpec(
            name="s-g",
            target=f"{PACKAGE}.gaussianity:GaussianityScore",
            summary="Gaussianity of the latents: 1 - KS distance of their squared norms to chi-squared(d)",
            citation=f"{PAPER}.2",
            inputs=("latent",),
            higher_is_better=True,
        ),
        MetricSpec(
            name="s-dc",
            target=f"{PACKAGE}.decorrelation:DecorrelationScore",
            summary="Decorrelation of the latents: 1 - the fraction of patches that are too smooth to be white noise",
            citation=f"{PAPER}.3",
            inputs=("latent",),
            higher_is_better=True,
        ),
        MetricSpec(
            name="autocorrelated-ratio",
            target=f"{PACKAGE}.decorrelation:AutocorrelatedRatio",
            summary="Fraction of latent patches that are too smooth to be white noise (1 - s-dc)",
            citation=f"{PAPER}.3, eq. 36",
            inputs=("latent",),
            higher_is_better=False,
        ),
        MetricSpec(
            name="s-hf",
            target=f"{PACKAGE}.highfrequency:HighFrequencyScore",
            summary="High-frequency realism: log wavelet detail energy against that of real target images",
            citation=f"{PAPER}.4",
            inputs=("generated",),
            facts=("targets",),
            higher_is_better=True,
        ),
        MetricSpec(
            name="s-lf",
            target=f"{PACKAGE}.lowfrequency:LowFrequencyScore",
            summary="Structural fidelity: SSIM of the low-passed output against the low-passed source",
            citation=f"{PAPER}.5",
            inputs=("source", "generated"),
            facts=("structure",),
            higher_is_better=True,
            range=(-1.0, 1.0),
        ),
        MetricSpec(
            name="s-lf-target",
            target=f"{PACKAGE}.lowfrequency:TargetLowFrequencyScore",
            summary="Structural fidelity: SSIM of the low-passed output against the low-passed reference image",
            citation=f"{PAPER}.5, fig. 13",
            inputs=("reference", "generated"),
            facts=("structure",),
            higher_is_better=True,
            range=(-1.0, 1.0),
        ),
    )
