"""Power by frequency of real images, and the line through it that S_HF takes the order of its wavelet from (Fig. 9)."""

from __future__ import annotations

import torch

from spectralkit_bench.figures.material import Drawing, Material
from spectralkit_bench.figures.style import COLOURS, COLUMN, colour, frequencies_across, panels, plain_logarithm
from spectralkit_metrics_spectral import frequencies
from spectralkit_metrics_spectral.highfrequency import mean_log_spectrum, wavelet_order
from spectralkit_metrics_spectral.spectrum import BAND, power_law


def draw(material: Material) -> Drawing:
    """The mean over channels, and its fit."""
    subject = material.subjects[0]
    shape = subject.run.dataset.shape
    by_channel, count = mean_log_spectrum(subject.targets)
    frequency, log_power = frequencies(*shape[1:]), by_channel.mean(dim=0)
    law = power_law(frequency, log_power)
    figure, (axis,) = panels(COLUMN, 2.4)
    inside = frequency[(frequency >= BAND[0]) & (frequency <= BAND[1])]
    axis.axvspan(*BAND, color=colour(5), alpha=0.15, lw=0)
    axis.loglog(frequency[1:], log_power[1:].exp(), color=COLOURS[0], label="real images")
    fitted = torch.exp(law.intercept + law.slope * inside.log())
    told = f"slope {law.slope:.2f}: sym{wavelet_order(law.slope)}"
    axis.loglog(inside, fitted, color=COLOURS[1], ls="--", label=told)
    axis.set_ylabel("power")
    plain_logarithm(axis.yaxis)
    frequencies_across(axis, float(frequency[1]))
    axis.legend(loc="lower left")
    return Drawing(
        figure,
        f"N = {count} real target images, all there are; the fit is of ln P against ln f "
        f"over [{BAND[0]}, {BAND[1]}] cycles per pixel (shaded).",
    )
