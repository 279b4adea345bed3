"""What is read off a set of images beyond the scores of its run, once: features, fine detail, power by octaves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import attrs
import torch
from torch import Tensor

from spectralkit.models.pretrained import load_tensors, save_tensors
from spectralkit.running.picture import read_image
from spectralkit_metrics_perceptual import Lite0Features
from spectralkit_metrics_spectral import HighFrequencyScore
from spectralkit_metrics_spectral.spectrum import POWER_FLOOR, power_spectrum

BATCH = 32
KEPT = "measures.safetensors"
"""Beside a run's other files: who removes the run removes it too."""


@attrs.frozen(eq=False)
class Measures:
    """Of N images.

    Args:
        features: (N, d), EfficientNet-Lite0's.
        detail: (N,), S_HF of pixels in [0, 1].
        power: (N, O), mean ln power of the frequencies in each octave, coarse to fine.
    """

    features: Tensor
    detail: Tensor
    power: Tensor

    @classmethod
    def of(cls, images: Tensor, score: HighFrequencyScore) -> Measures:
        """The measures of images (N, 3, H, W) in [0, 1]."""
        return cls(features_of(images), score.score(images), octave_power(images))


def measured(directory: Path, ids: Sequence[str], score: HighFrequencyScore) -> Measures:
    """The measures of a run's images, kept in its directory."""
    path = directory / KEPT
    if not path.exists():
        images = torch.stack([read_image(directory / "samples" / f"{name}.png") for name in ids])
        save_tensors(attrs.asdict(Measures.of(images, score)), path)
    return Measures(**load_tensors(path, torch.float64))


def features_of(images: Tensor) -> Tensor:
    """Feature vectors (N, d) of images (N, 3, H, W) in [0, 1]."""
    return torch.cat([_network()(batch) for batch in torch.split(images, BATCH)])


@cache
def _network() -> Lite0Features:
    return Lite0Features()


def octave_power(images: Tensor) -> Tensor:
    """Mean ln power in octaves of frequency: (N, C, H, W) -> (N, O), coarse to fine.

    Octave j holds the rings from 2^j to 2^(j+1), the last one the Nyquist frequency too; zero frequency is in none.
    """
    log_power = power_spectrum(images).clamp_min(POWER_FLOOR).log().mean(1)
    bounds = octaves(images.shape[-1])
    return torch.stack([log_power[:, low : high + 1].mean(1) for low, high in bounds], 1)


def octaves(side: int) -> list[tuple[int, int]]:
    """First and last ring of every octave of images of ``side`` pixels."""
    nyquist = side // 2
    lows = [1 << j for j in range(nyquist.bit_length() - 1)]
    return [(low, 2 * low - 1) for low in lows[:-1]] + [(lows[-1], nyquist)]
