"""The gradients that regularisation descends, against autograd through losses written as plain loops."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.noise import Noise
from spectralkit_methods_renoise import Regularisation, autocorrelation_gradient, kl_gradient
from spectralkit_methods_renoise.regularisation import bounded, heights

sizes = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(4, 19), st.integers(4, 19))


def draw(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(shape=sizes, seed=st.integers(0, 2**16), scale=st.floats(0.2, 3.0), unit=st.sampled_from([1.0, 1e-3, 3e-4]))
@settings(max_examples=25, deadline=None)
def test_the_kl_gradient_is_that_of_the_loss(
    naive: SimpleNamespace, shape: tuple[int, ...], seed: int, scale: float, unit: float
) -> None:
    # Variances around 1e-6 and below are where the guards decide, down to the sign inside the absolute value.
    e, r = draw(shape, seed, scale * unit), draw(shape, seed + 1, unit)
    point = e.clone().requires_grad_()
    loss = sum(naive.kl_loss(point[i], r[i]) for i in range(shape[0]))
    expected = torch.autograd.grad(loss, point)[0]
    torch.testing.assert_close(kl_gradient(e, r), expected, rtol=1e-9, atol=1e-9 / unit)


@given(shape=sizes, seed=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_the_autocorrelation_gradient_is_that_of_the_loss(
    naive: SimpleNamespace, shape: tuple[int, ...], seed: int
) -> None:
    e, generator = draw(shape, seed), torch.Generator().manual_seed(seed)
    B, C, H, _ = shape
    shifts = [torch.randint(0, h // 2, (B, C), generator=generator) for h in heights(H)]
    point = e.clone().requires_grad_()
    loss = sum(naive.ac_loss(point[i], [s[i].tolist() for s in shifts]) for i in range(B))
    expected = torch.autograd.grad(loss, point)[0]
    torch.testing.assert_close(autocorrelation_gradient(e, shifts), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("H", "expected"), [(4, [4]), (8, [8]), (9, [9, 4]), (64, [64, 32, 16, 8])])
def test_pooling_ends_with_the_first_map_of_height_at_most_eight(H: int, expected: list[int]) -> None:
    assert heights(H) == expected


@pytest.mark.parametrize(("allow_zero", "low"), [(False, 1), (True, 0)])
def test_shifts_cover_their_range_per_sample_round_roll_and_channel(allow_zero: bool, low: int) -> None:
    act = Regularisation(kl=0.065, ac=20.0, rounds=40, rolls=5, allow_zero=allow_zero)
    shifts = act.shifts(torch.zeros(2, 3, 16, 16), Noise(0, ["a", "b"]), "test")
    assert [s.shape for s in shifts] == [(2, 40, 5, 3)] * 2
    assert [sorted(s.unique().tolist()) for s in shifts] == [list(range(low, 8)), list(range(low, 4))]
    assert not torch.equal(shifts[0][0], shifts[0][1])
    assert not torch.equal(shifts[0][:, :, :, 0], shifts[0][:, :, :, 1])


def test_it_brings_an_estimate_towards_the_reference_and_decorrelates_it() -> None:
    noise, shape = Noise(1, ["a", "b"]), (2, 3, 16, 16)
    r = draw(shape, 1)
    lattice = torch.arange(16) % 2 * 2.0 - 1
    e = 0.8 * draw(shape, 2) + 0.6 * lattice[:, None] * lattice

    def correlation(x: Tensor) -> Tensor:
        return (x * x.roll(2, -1)).mean((-2, -1)).abs()

    def distance(x: Tensor) -> Tensor:
        patches = [y.unfold(2, 4, 4).unfold(3, 4, 4).flatten(4).var(-1) for y in (x, r)]
        return (patches[0] - patches[1]).abs().mean()

    plain = Regularisation(kl=0.0, ac=20.0, rounds=20, rolls=5, allow_zero=False)
    assert (correlation(plain(e, r, noise, "test")) < 0.7 * correlation(e)).all()
    only_kl = Regularisation(kl=0.065, ac=0.0, rounds=20, rolls=5, allow_zero=False)
    assert distance(only_kl(e, r, noise, "test")) < 0.7 * distance(e)


def test_the_clip_bounds_the_descent() -> None:
    flat = torch.zeros(1, 1, 4, 4, dtype=torch.float64) + 1e-3 * draw((1, 1, 4, 4), 3)
    act = Regularisation(kl=1.0, ac=0.0, rounds=1, rolls=1, allow_zero=False)
    moved = act(flat + 50.0, flat, Noise(0, ["a"]), "test") - (flat + 50.0)
    torch.testing.assert_close(moved.abs(), torch.full_like(moved, 100.0))


@given(seed=st.integers(0, 2**16), scale=st.floats(0.1, 30.0))
@settings(max_examples=25, deadline=None)
def test_a_descent_that_must_end_farther_out_is_cut_per_sample(seed: int, scale: float) -> None:
    e = torch.stack((scale * (draw((1, 8, 8), seed) + 1), 0.01 * draw((1, 8, 8), seed)))
    step = 4.0 * autocorrelation_gradient(e, [torch.ones(2, 1, dtype=torch.int64)])
    length, size = step.flatten(1).norm(dim=1), e.flatten(1).norm(dim=1)
    cut = bounded(step, e)
    assert torch.equal(cut[1], step[1])
    if length[0] > 2 * size[0]:
        torch.testing.assert_close(cut[0], step[0] * size[0] / length[0])
        # L_ac is homogeneous of degree 4, so that <e, dL_ac> = 4 L_ac >= 0.
        assert (e - cut)[0].norm() <= 2**0.5 * size[0] * (1 + 1e-12)
    else:
        assert torch.equal(cut[0], step[0])


def test_the_descent_stays_finite_where_the_published_one_runs_away() -> None:
    e = 5 * (draw((2, 2, 8, 8), 1) + 1)
    act = Regularisation(kl=0.0, ac=20.0, rounds=4, rolls=5, allow_zero=False)
    shifts, uncut = act.shifts(e, Noise(0, ["a", "b"]), "test")[0].flatten(1, 2), e
    for i in range(20):
        uncut = uncut - 4.0 * autocorrelation_gradient(uncut, [shifts[:, i]])
    assert not torch.isfinite(uncut).all()
    assert (act(e, e, Noise(0, ["a", "b"]), "test").abs() < 10 * e.abs().max()).all()


@pytest.mark.parametrize(("H", "W"), [(3, 8), (8, 3), (256, 4)])
def test_maps_without_patches_or_shifts_are_refused(H: int, W: int) -> None:
    with pytest.raises(ConfigurationError, match=f"maps of {H} x {W}"):
        Regularisation(kl=0.065, ac=20.0, rounds=1, rolls=1, allow_zero=False).check(H, W)
