"""The page of the metrics: what each takes and gives, read from its spec, and scores of what one knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor

from pages.markdown import code, table
from pages.spectra import blurred_noise, high_passed, low_passed
from spectralkit.plugins import MetricSpec
from spectralkit.plugins.registry import registry
from spectralkit_datasets_ihc import Ihc
from spectralkit_metrics_image import HaarPSI, psnr, ssim_values
from spectralkit_metrics_perceptual import Lite0Features, kernel_distance
from spectralkit_metrics_spectral import (
    AutocorrelatedRatio,
    DecorrelationScore,
    GaussianityScore,
    HighFrequencyScore,
    LowFrequencyScore,
)

COUNT, SHAPE, SEED = 256, (4, 32, 32), 0
FREEDOM = 5  # of Student's t: heavy tails with a finite kurtosis


def overview() -> str:
    """Every metric: what it takes, which way is better, between what, with which defaults."""
    specs = [cast(MetricSpec, registered.spec) for registered in registry().all("metric")]
    header = ("metric", "what it is", "takes", "besides", "better", "range", "defaults")
    return table(header, [_facts(spec) for spec in specs])


def _facts(spec: MetricSpec) -> tuple[str, ...]:
    low, high = (f"{bound:g}".replace("inf", "∞") for bound in spec.range)
    return (
        code(spec.name),
        spec.summary,
        ", ".join(spec.inputs),
        ", ".join(spec.facts) or "none",
        spec.better,
        f"[{low}, {high}]",
        ", ".join(code(f"{p.name}={p.default!r}") for p in registry().parameters("metric", spec.name)) or "none",
    )


def latents() -> Mapping[str, Tensor]:
    """Latents whose flaw is known, (256, 4, 32, 32) each."""
    generator = torch.Generator().manual_seed(SEED)
    white = torch.randn(COUNT, *SHAPE, generator=generator)
    spread = torch.randn(COUNT, *SHAPE, FREEDOM, generator=generator).square().sum(dim=-1) / (FREEDOM - 2)
    return {
        "white Gaussian": white,
        "2 % too large": 1.02 * white,
        "half the variance": white / 2**0.5,
        f"heavy tails (Student's t, {FREEDOM} degrees of freedom), unit variance": white / spread.sqrt(),
        "blurred by 0.5 pixels, unit variance": blurred_noise(white, 0.5),
        "blurred by 1 pixel, unit variance": blurred_noise(white, 1.0),
    }


def latent_table() -> str:
    """Scores of latents whose flaw is known."""
    header = ("latent", "`s-g`", "mean(r)/d", "log p", "`s-dc`", "`autocorrelated-ratio`", "`s-dc` standardised")
    return table(header, [(name, *_latent_scores(latent)) for name, latent in latents().items()])


def _latent_scores(latent: Tensor) -> tuple[str, ...]:
    gaussianity = GaussianityScore()
    gaussianity.update(latent=latent)
    test = gaussianity.test()
    patches = (DecorrelationScore(), AutocorrelatedRatio(), DecorrelationScore(standardise=True))
    shares = [float(metric(latent=latent)) for metric in patches]
    return (f"{test.score:.2f}", f"{test.mean_ratio:.3f}", f"{test.log_p:.1f}", *(f"{share:.3f}" for share in shares))


def images(dataset: Ihc) -> Mapping[str, Tensor]:
    """What a method might hand back, from nothing but the real images and their sources."""
    samples = [dataset[index] for index in range(len(dataset))]
    made = altered(torch.stack([sample.reference for sample in samples]))
    return {**made, "its source, nearest neighbour": torch.stack([sample.source for sample in samples])}


def altered(real: Tensor) -> Mapping[str, Tensor]:
    """Real images (B, C, H, W), exchanged, filtered and with noise."""
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(SEED))
    return {
        "the real image": real,
        "another real image": real.roll(len(real) // 2 + 1, 0),  # samples take turns among tiles: of another tile
        "real, low-passed at 0.25": low_passed(real, 0.25),
        "real, low-passed at 0.125": low_passed(real, 0.125),
        "real, low-passed at 0.0625": low_passed(real, 0.0625),
        "real, high-passed at 0.0625": high_passed(real, 0.0625),
        "real, with noise of sd 0.1": (real + 0.1 * noise).clamp(0, 1),
    }


def image_table(*, distances: bool = True) -> str:
    """Scores of images that no model has made.

    Args:
        distances: Whether to run the feature network, which takes by far the longest.
    """
    dataset = Ihc(scale=8)
    made = images(dataset)
    reference, source = made["the real image"], made["its source, nearest neighbour"]
    high = HighFrequencyScore(dataset.targets)
    scores: dict[str, Callable[[Tensor], str]] = {
        "`s-hf`": lambda x: f"{high(generated=x):.2f}",
        "`s-lf`": lambda x: f"{LowFrequencyScore()(source=source, generated=x):.2f}",
        "`psnr`": lambda x: f"{psnr()(generated=x, reference=reference):.1f}".replace("inf", "∞"),
        "`ssim`": lambda x: f"{ssim_values(x, reference).mean():.2f}",
        "`haarpsi`": lambda x: f"{HaarPSI()(generated=x, reference=reference):.2f}",
    }
    if distances:
        scores["`kd-lite0`"] = _kernel_distances(dataset)
    rows = [(name, *(score(x) for score in scores.values())) for name, x in made.items()]
    return table(("image", *scores), rows)


def _kernel_distances(dataset: Ihc) -> Callable[[Tensor], str]:
    """The distance to the real training images, whose features are taken once for all rows."""
    network = Lite0Features()
    real = network(torch.stack(list(dataset.targets())))
    return lambda x: f"{kernel_distance(network(x), real):.2f}"
