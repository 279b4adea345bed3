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
            question="Do the squared norms of the latents spread as those of white noise do?",
            yardstick="With N samples, white noise scores about 1 - 0.87/√N; norms a few per cent off score 0.",
            inputs=("latent",),
            higher_is_better=True,
        ),
        MetricSpec(
            name="s-dc",
            target=f"{PACKAGE}.decorrelation:DecorrelationScore",
            summary="Decorrelation of the latents: 1 - the fraction of patches that are too smooth to be white noise",
            citation=f"{PAPER}.3",
            question="Which share of the latent's patches is as rough as white noise?",
            yardstick="White noise scores above 0.98; a smooth, collapsed latent scores near 0.",
            inputs=("latent",),
            higher_is_better=True,
        ),
        MetricSpec(
            name="autocorrelated-ratio",
            target=f"{PACKAGE}.decorrelation:AutocorrelatedRatio",
            summary="Fraction of latent patches that are too smooth to be white noise (1 - s-dc)",
            citation=f"{PAPER}.3, eq. 36",
            question="Which share of the latent's patches is too smooth to be white noise?",
            yardstick="White noise scores below 0.02; a smooth, collapsed latent scores near 1.",
            inputs=("latent",),
            higher_is_better=False,
        ),
        MetricSpec(
            name="s-hf",
            target=f"{PACKAGE}.highfrequency:HighFrequencyScore",
            summary="High-frequency realism: log wavelet detail energy against that of real target images",
            citation=f"{PAPER}.4",
            question="Is there as much fine detail as in real images of the target domain?",
            yardstick="Real images score about 0.98. The scale is compressed: ten times too little detail "
            "energy costs only 0.17. Noise and the edges of blocks count as detail too.",
            inputs=("generated",),
            facts=("targets",),
            higher_is_better=True,
        ),
        MetricSpec(
            name="s-lf",
            target=f"{PACKAGE}.lowfrequency:LowFrequencyScore",
            summary="Structural fidelity: SSIM of the low-passed output against the low-passed source",
            citation=f"{PAPER}.5",
            question="Is the coarse structure that of the source?",
            yardstick="The source itself scores 1, and real images score less, so 1 is no aim.",
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
            question="Is the coarse structure that of the real image?",
            yardstick="The real image scores 1; the untouched source may score nearly as much.",
            inputs=("reference", "generated"),
            facts=("structure",),
            higher_is_better=True,
            range=(-1.0, 1.0),
        ),
    )
