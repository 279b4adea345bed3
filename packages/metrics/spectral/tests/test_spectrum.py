"""Spectra, slopes and trajectory diagnostics against closed forms."""

from __future__ import annotations

import itertools
import math

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit_metrics_spectral import (
    band_energies,
    explained_variance,
    frequencies,
    power_spectrum,
    spectral_slope,
    variance_normalised,
    velocity_map,
)
from spectralkit_metrics_spectral.spectrum import PowerLaw, power_law, radial_mean, radius, slope


def white(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def wave(side: int, cycles: int, amplitude: float = 1.0) -> Tensor:
    """A plane wave along x, (1, 1, side, side)."""
    line = amplitude * torch.cos(2 * math.pi * cycles * torch.arange(side, dtype=torch.float64) / side)
    return line.expand(1, 1, side, side).clone()


def modes_on_ring(side: int, ring: int) -> int:
    return int(((radius(side, side) * side).round() == ring).sum())


def test_white_noise_has_a_flat_spectrum() -> None:
    spectrum = power_spectrum(white(200, 32, 40)).mean(dim=0)
    assert spectrum.shape == (17,)
    torch.testing.assert_close(spectrum[1:], torch.ones_like(spectrum[1:]), atol=0.1, rtol=0)  # 5 sd of the first ring
    # E ln of a mean of m exponentials is psi(m) - ln m: the first ring, of four independent modes, lies 0.13 too low.
    assert abs(spectral_slope(white(50, 3, 64, 64))) < 0.06


@given(st.integers(1, 15), st.floats(0.1, 3.0))
@settings(max_examples=15, deadline=None)
def test_a_plane_wave_lies_on_one_ring(cycles: int, amplitude: float) -> None:
    spectrum = power_spectrum(wave(32, cycles, amplitude))[0, 0]
    # Two modes of power A^2 H W / 4 each.
    expected = 2 * (amplitude**2 * 32 * 32 / 4) / modes_on_ring(32, cycles)
    assert float(spectrum[cycles]) == pytest.approx(expected)
    assert float(spectrum.sum() - spectrum[cycles]) == pytest.approx(0, abs=1e-9)


def test_frequencies_are_the_rings_means() -> None:
    f = frequencies(64, 48)
    assert f.shape == (25,)
    assert f[0] == 0
    torch.testing.assert_close(f[1:], torch.arange(1, 25).double() / 48, atol=0.25 / 48, rtol=0)
    torch.testing.assert_close(radial_mean(torch.ones(3, 7, 9)), torch.ones(3, 4))


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.5])
def test_slope_of_a_power_law(exponent: float) -> None:
    f = frequencies(128, 128)
    assert slope(f, -exponent * f.clamp_min(1e-9).log().expand(2, 3, -1)) == pytest.approx(-exponent)
    spectrum = torch.where(radius(256, 256) > 0, radius(256, 256).clamp_min(1e-9) ** (-exponent / 2), 0)
    field = torch.fft.ifft2(torch.fft.fft2(white(4, 256, 256)) * spectrum).real
    assert spectral_slope(field) == pytest.approx(-exponent, abs=0.05)


@pytest.mark.parametrize("sides", [(64, 64), (64, 128), (16, 64), (63, 126), (256, 32)])
def test_the_slope_knows_nothing_of_the_mean(sides: tuple[int, int]) -> None:
    """The lowest ring of an elongated image holds the mean at a frequency above 0."""
    field = white(2, *sides)
    assert spectral_slope(field + 5) == pytest.approx(spectral_slope(field - field.mean((-2, -1), keepdim=True)))


def test_a_power_law_is_found_with_its_height() -> None:
    f = frequencies(64, 64)
    law = power_law(f, 1.5 - 2 * f.clamp_min(1e-9).log())
    assert attrs.astuple(law) == pytest.approx(attrs.astuple(PowerLaw(slope=-2.0, intercept=1.5)))


def test_slope_needs_two_rings() -> None:
    with pytest.raises(DataError, match="too small for a slope"):
        spectral_slope(white(1, 2, 2))


def test_explained_variance_in_closed_form() -> None:
    direction = white(1, 2, 3, 3)
    line = explained_variance(white(6, 1, 1, 1) * direction).latents
    torch.testing.assert_close(line, torch.ones_like(line))  # rank one
    # Corners of a regular simplex: N - 1 equal variances.
    simplex = explained_variance(torch.eye(8).reshape(8, 2, 2, 2)).latents
    torch.testing.assert_close(simplex, torch.tensor([1, 2, 3, 4, 5, 6, 7, 7]).double() / 7)


def test_gaussian_reference_follows_marchenko_and_pastur() -> None:
    for n, d in ((400, 100), (100, 400)):
        result = explained_variance(white(n, 1, 10, d // 10, seed=9))
        assert result.gaussian.shape == result.latents.shape == (100,)
        assert float(result.gaussian[0]) == pytest.approx(
            (1 + math.sqrt(d / n)) ** 2 / d, rel=0.08
        )  # edge fluctuations
        torch.testing.assert_close(result.latents, result.gaussian, atol=0.01, rtol=0)
        assert float(result.gaussian[-1]) == pytest.approx(1)


def test_explained_variance_refusals() -> None:
    with pytest.raises(DataError, match="at least two latents"):
        explained_variance(white(1, 1, 4, 4))
    with pytest.raises(DataError, match="all equal"):
        explained_variance(torch.ones(3, 1, 4, 4))
    with pytest.raises(NonFiniteError, match="explained variance: latent holds NaN"):
        explained_variance(torch.full((2, 1, 4, 4), torch.nan))


@given(st.integers(1, 15), st.floats(0.1, 3.0))
@settings(max_examples=10, deadline=None)
def test_velocity_of_a_plane_wave(cycles: int, amplitude: float) -> None:
    start = white(1, 3, 32, 32)
    # The wave moves one channel of three; the second step stands still.
    there = start.clone()
    there[:, :1] += wave(32, cycles, 3 * amplitude)
    velocity = velocity_map([start, there, there])
    assert velocity.shape == (1, 17, 2)
    expected = math.log10(amplitude * 32 * 32 / 2 * 2 / modes_on_ring(32, cycles))
    assert float(velocity[0, cycles, 0]) == pytest.approx(expected, abs=1e-6)
    torch.testing.assert_close(velocity[..., 1], torch.full((1, 17), -12.0, dtype=torch.float64))


@pytest.mark.parametrize("schedule", [VPSchedule(), KarrasSchedule()])
def test_normalised_velocity_forgets_the_scale(schedule: VPSchedule | KarrasSchedule) -> None:
    # Unit-variance data with noise: at every level the state is white, of variance alpha^2 + sigma^2.
    levels = schedule.levels(12)
    x0, eps = white(4, 3, 32, 32, seed=1), white(4, 3, 32, 32, seed=2)
    states = variance_normalised([level.alpha * x0 + level.sigma * eps for level in levels], levels)
    for state in states:
        assert float(state.std()) == pytest.approx(1, abs=0.03)
    angles = [math.atan2(level.sigma, level.alpha) for level in levels]
    # A rotation from x0 to eps: the update has standard deviation 2 sin(half the angle), in every ring alike.
    velocity = velocity_map(states)[:, 4:].mean(dim=(0, 1))
    expected = [math.log10(2 * math.sin((b - a) / 2)) for a, b in itertools.pairwise(angles)]
    difference = velocity - torch.tensor(expected, dtype=torch.float64)
    torch.testing.assert_close(difference, difference.mean().expand_as(difference), atol=0.03, rtol=0)


@given(st.integers(4, 20), st.integers(4, 20), st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_bands_add_up_to_the_mean_square(height: int, width: int, seed: int) -> None:
    states = [white(2, 3, height, width, seed=seed + i) for i in range(3)]
    energies = band_energies(states, (0.1, 0.2, 0.4))
    assert energies.shape == (3, 2, 4)
    expected = torch.stack([x.square().mean(dim=(1, 2, 3)) for x in states])
    torch.testing.assert_close(energies.sum(dim=-1), expected)


def test_bands_hold_what_lies_between_their_edges() -> None:
    energies = band_energies([wave(32, 4), wave(32, 8), torch.ones(1, 1, 32, 32)], (0.1, 0.25))
    expected = torch.tensor([[0.0, 0.5, 0.0], [0.0, 0.0, 0.5], [1.0, 0.0, 0.0]], dtype=torch.float64)  # 4/32, 8/32, 0
    torch.testing.assert_close(energies[:, 0], expected, atol=1e-12, rtol=0)


def test_trajectory_refusals() -> None:
    x = white(1, 1, 8, 8)
    with pytest.raises(DataError, match="1 states is too short"):
        velocity_map([x])
    with pytest.raises(DataError, match="differ in shape"):
        velocity_map([x, x[..., :4]])
    with pytest.raises(NonFiniteError, match="trajectory: latent holds NaN"):
        band_energies([x * torch.nan])
    for edges in ((0.2, 0.1), (0.0, 0.1)):
        with pytest.raises(ConfigurationError, match="edges must be positive and ascend"):
            band_energies([x], edges)
    with pytest.raises(ConfigurationError, match="1 states need as many levels, got 3"):
        variance_normalised([x], VPSchedule().levels(2))
