"""The detail bands against PyWavelets, an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit_metrics_spectral.wavelet import detail_energy, details

# PyWavelets tabulates the taps of high orders to about 1e-11, so that they are orthonormal only that far.
ROUND_OFF = 1e-9


def reference(images: np.ndarray, order: int) -> np.ndarray:
    """Level-1 details, band by band."""
    return np.stack(pywt.dwt2(images, f"sym{order}", mode="periodization")[1], axis=2)


@given(st.integers(2, 20), st.integers(2, 40), st.integers(2, 40), st.integers(1, 3), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_bands_and_energies(order: int, height: int, width: int, channels: int, seed: int) -> None:
    images = np.random.default_rng(seed).random((2, channels, height, width))
    expected = reference(images, order)
    np.testing.assert_allclose(details(torch.from_numpy(images), order).numpy(), expected, atol=ROUND_OFF)
    energy = (expected**2).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(detail_energy(torch.from_numpy(images), order).numpy(), energy, rtol=ROUND_OFF)
    single = detail_energy(255 * torch.from_numpy(images).float(), order) / 255**2
    np.testing.assert_allclose(single.numpy(), energy, rtol=1e-5)


@pytest.mark.parametrize("order", [2, 4, 7])
def test_energies_of_natural_spectra_in_single_precision(photographs: Tensor, order: int) -> None:
    expected = (reference(255 * photographs.double().numpy(), order) ** 2).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(detail_energy(255 * photographs, order).numpy(), expected, rtol=1e-5)


def test_chunks_do_not_matter(photographs: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = detail_energy(photographs, 4)
    monkeypatch.setattr("spectralkit_metrics_spectral.wavelet.CHUNK", 30_000)
    torch.testing.assert_close(detail_energy(photographs, 4), whole)
