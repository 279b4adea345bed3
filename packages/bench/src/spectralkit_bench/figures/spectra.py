"""Power by frequency of noise maps over that of white noise, and of images over that of real ones (Fig. 1)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from torch import Tensor

from spectralkit_bench.figures.material import Drawing, Material, Subject
from spectralkit_bench.figures.style import (
    PAGE,
    REFERENCE,
    SOURCE,
    frequencies_across,
    handles,
    legend,
    line,
    panels,
    plain_logarithm,
)
from spectralkit_metrics_spectral import frequencies, power_spectrum
from spectralkit_metrics_spectral.spectrum import POWER_FLOOR

REAL = 256
"""How many real images are looked at, at most."""


def draw(material: Material) -> Drawing:
    """Noise maps at the left, images at the right; a line a run."""
    figure, (left, right) = panels(PAGE, 2.3, 1, 2)
    first = material.subjects[0]
    real = mean_power(first.targets(REAL)).clamp_min(POWER_FLOOR)
    sources = mean_power(sample.source for sample in first.run.samples())
    _curve(right, first.run.dataset.shape, sources / real, {"color": SOURCE, "ls": "-.", "lw": 0.8})
    for subject in material.subjects:
        latents = subject.some_latents
        _curve(left, latents.shape, mean_power(latents), line(subject.rank))
        _curve(right, subject.run.dataset.shape, mean_power(_generated(subject)) / real, line(subject.rank))
    for axis, title in ((left, "noise maps"), (right, "images")):
        axis.axhline(1, color=REFERENCE, lw=1)
        axis.set_title(title)
        plain_logarithm(axis.yaxis)
    left.set_ylabel("power / white noise's")
    right.set_ylabel("power / real images'")
    keys = handles(material.ranks, line)
    keys.append(Line2D([], [], color=REFERENCE, lw=1, label="white noise, real images"))
    keys.append(Line2D([], [], color=SOURCE, ls="-.", lw=0.8, label="sources"))
    legend(figure, keys)
    again = [subject.label for subject in material.subjects if not subject.run.has_latents]
    told = f" Noise maps of {', '.join(again)} are of the first {first.few} samples, inverted again." if again else ""
    return Drawing(
        figure,
        "Radially averaged |FFT2|^2/(HW), mean over channels and samples, over that of what it should be: 1 for white "
        f"noise, and for images that of the first real target images, {REAL} at most.{told}",
    )


def mean_power(images: Iterable[Tensor]) -> Tensor:
    """Of images (C, H, W), one by one: (min(H, W) // 2 + 1,), the mean over images and channels."""
    total, count = torch.zeros(()), 0
    for image in images:
        total, count = total + power_spectrum(image).mean(dim=0), count + 1
    return total / count


def _generated(subject: Subject) -> Iterable[Tensor]:
    return map(subject.generated, subject.run.ids)


def _curve(axis: Axes, shape: tuple[int, ...], power: Tensor, style: dict[str, object]) -> None:
    frequency = frequencies(*shape[-2:])[1:]
    axis.loglog(frequency, power[1:], **style)
    frequencies_across(axis, float(frequency[0]))
