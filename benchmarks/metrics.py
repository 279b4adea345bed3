"""Metrics against the straightforward loop, or against the library a user would reach for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pywt
import scipy.linalg
import torch

from benchmarks.measure import Row, compare, device
from spectralkit_metrics_image import haarpsi_values, ms_ssim_values, ssim_values
from spectralkit_metrics_perceptual.frechet import frechet_distance
from spectralkit_metrics_spectral import AutocorrelatedRatio, low_frequency_score
from spectralkit_metrics_spectral.highfrequency import log_energy
from spectralkit_metrics_spectral.lowfrequency import low_pass

from torchmetrics.functional.image import structural_similarity_index_measure  # isort: skip  (after the repair)

COUNT, ORDER, FEATURES = 1024, 4, 2048


def rows() -> Iterator[Row]:
    """All comparisons."""
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(COUNT, 4, 32, 32, generator=generator)
    images = torch.rand(COUNT, 3, 64, 64, generator=generator)
    metric = AutocorrelatedRatio()
    tau = metric.patch_test.tau(32, 32)
    on_device = latents.to(device()), images.to(device())
    yield compare(
        "S_DC on 1,024 latents, speed-up over a NumPy loop",
        lambda: metric.ratio(on_device[0]),
        lambda: [loop_ratio(latent, 5, tau) for latent in latents.numpy()],
        ">= 10",
        speedup=True,
        rounds=3,
    )
    yield compare(
        "S_HF on 1,024 images, speed-up over a PyWavelets loop",
        lambda: log_energy(on_device[1], ORDER, 255.0),
        lambda: [loop_energy(image) for image in images.numpy()],
        ">= 10",
        speedup=True,
        rounds=3,
    )
    yield from _structural(generator)
    yield _low_frequency(generator)
    yield _haarpsi(generator)
    yield _frechet(generator)


def loop_ratio(latent: np.ndarray, k: int, tau: float) -> float:
    """Share of smooth windows of one latent: the definition, all windows at once."""
    windows = np.lib.stride_tricks.sliding_window_view(latent, (k, k), axis=(1, 2))
    across, down = (np.square(np.diff(windows, axis=axis)).sum(axis=(-2, -1)) for axis in (-1, -2))
    smooth = (across + down) / (2 * k * (k - 1)) <= tau
    return float((smooth.sum(axis=0) >= -(-len(latent) // 2)).mean())


def loop_energy(image: np.ndarray) -> float:
    """Log of the level-1 detail energy of one image, channel by channel."""
    energy = 0.0
    for channel in image:
        _, bands = pywt.dwt2(255.0 * channel, f"sym{ORDER}", mode="periodization")
        energy += sum(float(np.square(band).sum()) for band in bands)
    return float(np.log(energy))


def _pair(generator: torch.Generator, count: int) -> list[torch.Tensor]:
    """Twice 256x256 colour images."""
    return [torch.rand(count, 3, 256, 256, generator=generator).to(device()) for _ in range(2)]


def _structural(generator: torch.Generator) -> Iterator[Row]:
    import pytorch_msssim

    x, y = _pair(generator, 16)
    for name, ours, theirs in (
        ("SSIM", ssim_values, pytorch_msssim.ssim),
        ("MS-SSIM", ms_ssim_values, pytorch_msssim.ms_ssim),
    ):
        yield compare(
            f"{name} on 16 images of 256x256, over pytorch-msssim",
            partial(ours, x, y),
            partial(theirs, x, y, data_range=1.0, size_average=False),
            ">= 1",
            speedup=True,
            rounds=5,
        )


def _low_frequency(generator: torch.Generator) -> Row:
    x, y = _pair(generator, 4)
    return compare(
        "S_LF on 4 images of 256x256, over torchmetrics' SSIM",
        lambda: low_frequency_score(x, y),
        lambda: structural_similarity_index_measure(
            *(low_pass(z.double()) for z in (x, y)), data_range=1.0, reduction="none"
        ),
        ">= 10",
        speedup=True,
        rounds=3,
    )


def _haarpsi(generator: torch.Generator) -> Row:
    import piq

    x, y = _pair(generator, 16)
    return compare(
        "HaarPSI on 16 images of 256x256, speed-up over piq",
        lambda: haarpsi_values(x, y),
        lambda: piq.haarpsi(x, y, reduction="none"),
        ">= 1",
        speedup=True,
    )


def _frechet(generator: torch.Generator) -> Row:
    draws = [torch.randn(4 * FEATURES, FEATURES, generator=generator, dtype=torch.float64) for _ in range(2)]
    mean1, mean2 = (draw.mean(dim=0) for draw in draws)
    cov1, cov2 = (torch.cov(draw.T) for draw in draws)

    def by_scipy() -> float:
        root = scipy.linalg.sqrtm(cov1.numpy() @ cov2.numpy())
        return float((mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * np.trace(root.real))

    return compare(
        "FD on 2,048 features, speed-up over scipy's square root",
        lambda: frechet_distance(mean1, cov1, mean2, cov2),
        by_scipy,
        ">= 5",
        speedup=True,
        rounds=2,
    )
