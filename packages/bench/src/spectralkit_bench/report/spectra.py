"""Power spectra of images and latents, one by one and on average: see :mod:`spectralkit_metrics_spectral.spectrum`."""

from __future__ import annotations

import math

import attrs
import torch
from torch import Tensor

from spectralkit_bench.report.charts.curves import Curve
from spectralkit_metrics_spectral import frequencies, power_spectrum

FINE = 0.25
"""Cycles per pixel above which power is fine detail."""


@attrs.frozen(eq=False)
class Spectrum:
    """Radially averaged power, without zero frequency.

    Args:
        frequency: (R,), cycles per pixel.
        power: (R,), averaged over channels.
    """

    frequency: Tensor
    power: Tensor

    @classmethod
    def of(cls, field: Tensor) -> Spectrum:
        """Of (C, H, W)."""
        return cls(frequencies(*field.shape[-2:])[1:], power_spectrum(field).mean(dim=0)[1:])

    def curve(self, key: str, label: str) -> Curve:
        """To be drawn."""
        return Curve(key, label, self.frequency.tolist(), self.power.tolist())

    @property
    def fine(self) -> float:
        """Mean power above :data:`FINE`; NaN where there is none."""
        above = self.power[self.frequency > FINE]
        return float(above.mean()) if len(above) else math.nan


@attrs.define(eq=False)
class Averages:
    """Mean spectra by key; those of another size than the first of their key are left out."""

    sums: dict[str, Spectrum] = attrs.field(factory=dict)
    counts: dict[str, int] = attrs.field(factory=dict)

    def add(self, key: str, spectrum: Spectrum) -> None:
        """One more."""
        known = self.sums.get(key)
        if known is None:
            self.sums[key], self.counts[key] = spectrum, 1
        elif known.power.shape == spectrum.power.shape:
            self.sums[key] = Spectrum(known.frequency, known.power + spectrum.power)
            self.counts[key] += 1

    def get(self, key: str) -> Spectrum | None:
        """The mean of those of ``key``."""
        known = self.sums.get(key)
        return None if known is None else Spectrum(known.frequency, known.power / self.counts[key])

    def curves(self, labels: dict[str, str]) -> list[Curve]:
        """Those of ``labels`` that there are."""
        found = [(key, label, self.get(key)) for key, label in labels.items()]
        return [spectrum.curve(key, label) for key, label, spectrum in found if spectrum is not None]


def flat(curve: Curve) -> Curve:
    """What white noise of unit variance has at the frequencies of another curve."""
    return Curve("white", "white noise", curve.frequency, torch.ones(len(curve.frequency)).tolist())
