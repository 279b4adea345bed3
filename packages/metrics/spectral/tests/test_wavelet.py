"""The detail energy against PyWavelets, an independent implementation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import pywt
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit_metrics_spectral.wavelet import detail_energy, detail_maps

# PyWavelets tabulates the taps of high orders to about 1e-11, so that they are orthonormal only that far.
ROUND_OFF = 1e-9


def reference(images: np.ndarray, order: int) -> np.ndarray:
    """Energy of the level-1 details, (B,)."""
    bands = pywt.dwt2(images, f"sym{order}", mode="periodization")[1]
    return np.sum([np.square(band).sum(axis=(1, 2, 3)) for band in bands], axis=0)


@given(st.integers(2, 20), st.integers(2, 150), st.integers(2, 150), st.integers(1, 3), st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_energies(order: int, height: int, width: int, channels: int, seed: int) -> None:
    images = np.random.default_rng(seed).random((2, channels, height, width))
    expected = reference(images, order)
    np.testing.assert_allclose(detail_energy(torch.from_numpy(images), order).numpy(), expected, rtol=ROUND_OFF)
    single = detail_energy(255 * torch.from_numpy(images).float(), order) / 255**2
    np.testing.assert_allclose(single.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("order", [2, 4, 7])
def test_energies_of_natural_spectra_in_single_precision(photographs: Tensor, order: int) -> None:
    expected = reference(255 * photographs.double().numpy(), order)
    np.testing.assert_allclose(detail_energy(255 * photographs, order).numpy(), expected, rtol=1e-5)


def test_energies_of_an_image_almost_without_details() -> None:
    # Details are 1e-7 of the energy here: the difference of two energies in single precision would be noise.
    ramp = 0.5 + 0.4 * torch.sin(torch.linspace(0, 2 * torch.pi, 65)[:-1])
    images = (ramp[:, None] * ramp[None, :])[None, None]
    images = images + 1e-4 * torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    expected = reference(images.double().numpy(), 4)
    assert expected < 1e-6 * float(images.double().square().sum())
    np.testing.assert_allclose(detail_energy(images, 4).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_reduced_precision_of_products_does_not_reach_the_details(
    photographs: Tensor, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    expected = reference(photographs.double().numpy(), 4)
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: precision)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        np.testing.assert_allclose(detail_energy(photographs, 4).numpy(), expected, rtol=1e-5)


def test_products_are_double_wherever_torch_may_round_single_ones(
    photographs: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.dtype] = []
    energy: Callable[[Tensor, int], Tensor] = detail_energy.__globals__["_energy"]

    def spy(images: Tensor, order: int) -> Tensor:
        seen.append(images.dtype)
        return energy(images, order)

    def unsure() -> str:
        raise RuntimeError("legacy and new APIs are mixed")

    monkeypatch.setattr("spectralkit_metrics_spectral.wavelet._energy", spy)
    for answer in (lambda: "highest", lambda: "high", unsure):
        monkeypatch.setattr(torch, "get_float32_matmul_precision", answer)
        detail_energy(photographs, 4)
    assert seen == [torch.float32, torch.float64, torch.float64]


def test_chunks_and_blocks_do_not_matter(photographs: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = detail_energy(photographs, 4)
    for name, value in (("CHUNK", 30_000), ("ROWS", 3), ("COLUMNS", 5)):
        monkeypatch.setattr(f"spectralkit_metrics_spectral.wavelet.{name}", value)
        torch.testing.assert_close(detail_energy(photographs, 4), whole, rtol=1e-6, atol=0)


@pytest.mark.parametrize("shape", [(2, 3, 32, 48), (1, 1, 9, 15)])
def test_maps_have_the_energy_of_the_details(shape: tuple[int, int, int, int]) -> None:
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    maps = detail_maps(images, 4)
    assert maps.shape == (*shape[:2], 3, -(-shape[2] // 2), -(-shape[3] // 2))
    torch.testing.assert_close(maps.square().flatten(1).sum(1), detail_energy(images, 4), rtol=ROUND_OFF, atol=0)


@pytest.mark.parametrize(("stripes", "band"), [("across", 0), ("along", 1)])
def test_maps_tell_directions_apart(stripes: str, band: int) -> None:
    line = torch.arange(16).remainder(2).double().expand(16, 16)
    maps = detail_maps((line.mT if stripes == "across" else line)[None, None], 2)
    energy = maps[0, 0].square().sum(dim=(1, 2))
    assert energy.argmax() == band
    assert energy.sum() == pytest.approx(float(energy[band]))
