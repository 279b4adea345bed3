"""Figures that show the spectral scores calibrated: measured beside what the mathematics says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from pages.spectra import Gain, attenuated
from spectralkit_datasets_ihc import Ihc
from spectralkit_metrics_spectral import HighFrequencyScore, LowFrequencyScore, PatchTest, gaussianity, roughness_cdf
from spectralkit_metrics_spectral.gaussianity import squared_norms
from spectralkit_metrics_spectral.roughness import roughness

SIZE, DPI = (7.2, 3.2), 90
BLUE, ORANGE, GREEN, GREY = "#1f5fa8", "#d0691c", "#3d8a4a", "#777777"
LATENT = (1, 16, 16)
SETS = 1000
COARSE, FINE = 0.03, 0.15
"""Cycles per pixel: what S_LF looks at lies below the one, what S_HF looks at mostly above the other."""


def _panels(*titles: str) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = list(figure.subplots(1, len(titles)))
    for axis, title in zip(axes, titles, strict=True):
        axis.set_title(title, fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    return figure, axes


def p_values() -> Figure:
    """S_G under the null: distribution of the p-value, and the mean score beside its expectation."""
    figure, (left, right) = _panels("p-values of white latents", "score of white latents")
    generator = torch.Generator().manual_seed(0)
    d = int(np.prod(LATENT))
    # 95 % of all samples stay inside (Dvoretzky, Kiefer, Wolfowitz; Massart).
    band = np.sqrt(np.log(2 / 0.05) / (2 * SETS))
    x = np.linspace(0, 1, 200)
    left.fill_between(x, x - band, x + band, color=GREY, alpha=0.25, lw=0, label="95 % band of the uniform law")
    sizes, means, expected = (4, 16, 64), [], []
    for size, colour in zip(sizes, (BLUE, ORANGE, GREEN), strict=True):
        norms = squared_norms(torch.randn(SETS * size, *LATENT, generator=generator)).view(SETS, size)
        tests = [gaussianity(row, d) for row in norms]
        left.ecdf([test.p_value for test in tests], color=colour, lw=1.2, label=f"N = {size}")
        means.append(np.mean([test.score for test in tests]))
        expected.append(tests[0].null)
    _finish(left, "p", f"share of {SETS} sets below p", limits=(0, 1))
    right.plot(sizes, expected, color=GREY, lw=1.2, label="expected under the null")
    right.plot(sizes, means, "o", color=BLUE, ms=5, label=f"mean over {SETS} sets")
    right.set_xscale("log", base=2)
    right.set_xticks(sizes, [str(size) for size in sizes])
    _finish(right, "N latents", r"$S_G$", limits=(0.5, 1))
    return figure


def flag_rates() -> Figure:
    """S_DC under the null: roughness against its exact law, and the share of flagged patches by channels."""
    figure, (left, right) = _panels("roughness of white patches", "patches flagged in white latents (k = 5)")
    generator = torch.Generator().manual_seed(0)
    for k, colour in zip((3, 5, 7), (BLUE, ORANGE, GREEN), strict=True):
        rho = roughness(torch.randn(2**15, 1, k, k, generator=generator), k).flatten()
        tau = np.linspace(0.2, 2.0, 60)
        left.plot(tau, [roughness_cdf(t, k) for t in tau], color=colour, lw=1.2, label=f"k = {k}: exact law")
        left.plot(tau[::4], [float((rho <= t).double().mean()) for t in tau[::4]], "o", color=colour, ms=3)
        threshold = PatchTest(k=k).tau(32, 32)
        left.plot(threshold, 0.05, "v", color=colour, ms=7)
    left.axhline(0.05, color=GREY, lw=0.8, ls=":")
    left.set_yscale("log")
    _finish(left, r"roughness $\tau$", r"$P(\rho \leq \tau)$", limits=(1e-4, 1))
    channels, test, patches = range(1, 9), PatchTest(), 2**15  # beyond 8 channels too few are flagged to count
    expected = [test.null_ratio(c) for c in channels]
    measured = [float(test.flags(torch.randn(patches, c, 5, 5, generator=generator)).double().mean()) for c in channels]
    low, high = binom.interval(0.95, patches, expected)
    right.fill_between(channels, low / patches, high / patches, color=GREY, alpha=0.25, lw=0, label="its 95 % interval")
    right.plot(channels, expected, color=GREY, lw=1.2, label=r"$P(\mathrm{Bin}(C, 0.05) \geq C/2)$")
    right.plot(channels, measured, "o", color=BLUE, ms=4, label=f"measured, {patches:,} patches")
    right.set_yscale("log")
    _finish(right, "channels C", "share flagged", limits=(1e-4, 1))
    return figure


def filter_strength() -> Figure:
    """S_HF and S_LF of real images whose fine, then whose coarse frequencies are attenuated."""
    figure, axes = _panels(f"above {FINE} cycles/pixel", f"below {COARSE} cycles/pixel, mean kept")
    dataset = Ihc(size=96)
    real = torch.stack([dataset[index].reference for index in range(16)])
    high, low = HighFrequencyScore(dataset.targets), LowFrequencyScore()
    gains = (0.0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
    bands: tuple[Gain, ...] = (lambda f: f > FINE, lambda f: (f < COARSE) & (f > 0))
    for axis, band in zip(axes, bands, strict=True):
        edited = [attenuated(real, band, gain).clamp(0, 1) for gain in gains]
        fine = [float(high(generated=x)) for x in edited]
        coarse = [float(low(source=real, generated=x)) for x in edited]
        axis.plot(gains, fine, "o-", color=BLUE, ms=3, lw=1.2, label=r"$S_{HF}$")
        axis.plot(gains, coarse, "s-", color=ORANGE, ms=3, lw=1.2, label=r"$S_{LF}$")
        _finish(axis, "gain of these frequencies", "score", limits=(0, 1.03))
    return figure


def _finish(axis: Axes, x: str, y: str, limits: tuple[float, float]) -> None:
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    axis.set_ylim(*limits)
    axis.legend(fontsize=7, frameon=False)


FIGURES: dict[str, Callable[[], Figure]] = {
    "s-g-null": p_values,
    "s-dc-null": flag_rates,
    "s-hf-filters": filter_strength,
}


def write(folder: Path) -> None:
    """Draw every figure into ``folder``."""
    for name, draw in FIGURES.items():
        draw().savefig(folder / f"{name}.png", dpi=DPI)
