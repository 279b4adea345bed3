"""A cache of the test run's own, and images with a natural spectrum."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from spectralkit_metrics_spectral.cache import forget


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spectralkit_metrics_spectral.cache.user_cache_path", lambda _: tmp_path_factory.getbasetemp())
        forget()
        yield
    forget()


def coloured(shape: tuple[int, ...], exponent: float, seed: int) -> Tensor:
    """Gaussian fields (..., H, W), float64, of unit variance, whose power falls as ``f^-exponent``."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(shape, generator=generator, dtype=torch.float64)
    f = torch.hypot(torch.fft.fftfreq(shape[-2])[:, None], torch.fft.fftfreq(shape[-1])[None, :]).double()
    gain = torch.where(f > 0, f.clamp_min(1e-9) ** (-exponent / 2), 0)
    field = torch.fft.ifft2(torch.fft.fft2(white) * gain).real
    return field / field.std(dim=(-2, -1), keepdim=True)


@pytest.fixture(scope="session")
def photographs() -> Tensor:
    """(12, 3, 64, 64) in [0, 1], power falling as f^-3."""
    return (0.5 + 0.12 * coloured((12, 3, 64, 64), 3.0, seed=1)).clamp(0, 1).float()
