"""Specs of the perceptual metrics, and the command that says which weights they need."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from spectralkit.plugins import CommandSpec, MetricSpec, hookimpl

FRECHET = {
    "citation": "Heusel, Ramsauer, Unterthiner, Nessler and Hochreiter, NeurIPS 2017",
    "yardstick": "It falls as the number of samples grows, of real images too: compare equal numbers only.",
    "range": (0.0, inf),
}
KERNEL = {
    "citation": "Bińkowski, Sutherland, Arbel and Gretton, ICLR 2018",
    "yardstick": "Real images score 0 on average, so a good score may be slightly negative.",
    "range": (-inf, inf),
}
INCEPTION = {"lacks": "spectralkit_metrics_perceptual.weights:inception_lacks"}


def distance(name: str, attribute: str, summary: str, **kind: Any) -> MetricSpec:
    """A distance between the generated images and the data set's real target images."""
    return MetricSpec(
        name=name,
        target=f"spectralkit_metrics_perceptual.distances:{attribute}",
        summary=summary,
        inputs=("generated",),
        facts=("targets",),
        higher_is_better=False,
        question="Do the images as a set look like real images of the target domain?",
        **kind,
    )


@hookimpl
def spectralkit_metrics() -> Iterable[MetricSpec]:
    """LPIPS and the distribution distances."""
    return (
        MetricSpec(
            name="lpips",
            target="spectralkit_metrics_perceptual.lpips:LPIPS",
            summary="learned perceptual distance (AlexNet; needs its weights)",
            inputs=("generated", "reference"),
            higher_is_better=False,
            range=(0.0, inf),
            citation="Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018",
            question="How far would a person find the image from the real one?",
            yardstick="The real image scores 0.",
            lacks="spectralkit_metrics_perceptual.weights:lpips_lacks",
        ),
        distance("fid", "fid", "Fréchet distance of Inception features (needs their weights)", **FRECHET, **INCEPTION),
        distance("kid", "kid", "kernel distance of Inception features (needs their weights)", **KERNEL, **INCEPTION),
        distance("fd-lite0", "fd_lite0", "Fréchet distance of EfficientNet-Lite0 features; not FID", **FRECHET),
        distance("kd-lite0", "kd_lite0", "kernel distance of EfficientNet-Lite0 features; not KID", **KERNEL),
    )


@hookimpl
def spectralkit_commands() -> Iterable[CommandSpec]:
    """``spectralkit weights``."""
    return (
        CommandSpec(
            name="weights",
            target="spectralkit_metrics_perceptual.command:weights",
            summary="pretrained weights of lpips, fid and kid: which are needed, where they go, whether they are there",
        ),
    )
