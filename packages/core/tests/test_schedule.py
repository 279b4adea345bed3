"""Schedules against independent computations: diffusers' timesteps and the formulas written out."""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spectralkit.diffusion.schedule import KarrasSchedule, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.testing.strategies import karras_schedules, schedules, seeds, vp_schedules
from spectralkit.torchvision_fix import repair_torchvision

COUNTS = (1, 2, 7, 10, 30, 50, 100, 333, 1000)


@pytest.mark.parametrize(
    ("spacing", "steps"),
    # With offset 1 diffusers' leading grid of 1000 runs past the last timestep; ours ends there, see below.
    [case for case in product(("leading", "trailing", "linspace"), COUNTS) if case != ("leading", 1000)],
)
def test_grids_are_those_of_diffusers(spacing: str, steps: int) -> None:
    repair_torchvision()
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing=spacing,
        steps_offset=1 if spacing == "leading" else 0,
    )
    theirs.set_timesteps(steps)
    ours = VPSchedule(spacing=spacing)  # type: ignore[arg-type]
    assert ours.grid(steps) == tuple(theirs.timesteps.tolist()[::-1])
    torch.testing.assert_close(ours.alphas_bar.float(), theirs.alphas_cumprod, rtol=2e-5, atol=0)


@pytest.mark.parametrize("name", ["linear", "scaled_linear", "squaredcos_cap_v2"])
@pytest.mark.parametrize("ends", [(1e-4, 0.02), (0.00085, 0.012)])
@pytest.mark.parametrize("timesteps", [1000, 50])
def test_the_signal_left_is_that_of_diffusers(name: str, ends: tuple[float, float], timesteps: int) -> None:
    repair_torchvision()
    from diffusers import DDIMScheduler

    given = {"beta_start": ends[0], "beta_end": ends[1], "beta_schedule": name}
    theirs = DDIMScheduler(num_train_timesteps=timesteps, **given)
    ours = VPSchedule(timesteps=timesteps, **given)  # type: ignore[arg-type]
    # diffusers multiplies in float32.
    torch.testing.assert_close(ours.alphas_bar.float(), theirs.alphas_cumprod, rtol=5e-5, atol=1e-7)


@pytest.mark.parametrize("final", ["level", "clean"])
def test_the_final_level_is_that_of_diffusers(final: str) -> None:
    repair_torchvision()
    from diffusers import DDIMScheduler

    given = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    theirs = DDIMScheduler(**given, set_alpha_to_one=final == "clean")
    clean = VPSchedule(final=final).levels(10)[0]  # type: ignore[arg-type]
    assert clean.alpha**2 == pytest.approx(float(theirs.final_alpha_cumprod), rel=1e-6)
    assert clean.alpha**2 + clean.sigma**2 == pytest.approx(1)
    assert clean.label == 0


@pytest.mark.parametrize("options", [{"final": "end"}, {"beta_schedule": "cosine"}, {"spacing": "even"}])
def test_unknown_words_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=f"{next(iter(options))} must be one of"):
        VPSchedule(**options)  # type: ignore[arg-type]


def test_a_leading_grid_never_passes_the_last_timestep() -> None:
    assert VPSchedule().grid(1000) == (*range(1, 1000), 999)


def test_the_published_noise_to_signal_ratios() -> None:
    ratios = [VPSchedule().level(t).nsr for t in (0, 1, 21, 41, 981)]
    assert ratios == pytest.approx([0.0292, 0.0413, 0.141, 0.202, 13.1], rel=5e-3)
    assert VPSchedule().grid(50) == tuple(range(1, 1000, 20))


@given(schedule=vp_schedules())
def test_abar_is_the_product_of_one_minus_beta(schedule: VPSchedule) -> None:
    roots = np.linspace(math.sqrt(schedule.beta_start), math.sqrt(schedule.beta_end), schedule.timesteps)
    expected = np.exp(np.cumsum(np.log1p(-(roots**2))))
    np.testing.assert_allclose(schedule.alphas_bar.numpy(), expected, rtol=1e-12)


@given(schedule=schedules(), steps=st.integers(1, 50))
def test_levels_run_from_clean_to_noisy(schedule: Schedule, steps: int) -> None:
    levels = schedule.levels(steps)
    assert len(levels) == steps + 1
    ratios = [level.nsr for level in levels]
    assert ratios == sorted(ratios)
    assert all(level.alpha > 0 and level.sigma > 0 and math.isfinite(level.label) for level in levels)


@given(schedule=vp_schedules(), steps=st.integers(1, 50))
def test_vp_levels_preserve_variance_and_are_labelled_by_their_timestep(schedule: VPSchedule, steps: int) -> None:
    for level in schedule.levels(steps):
        assert level.alpha**2 + level.sigma**2 == pytest.approx(1, rel=1e-14)
        assert level == schedule.level(int(level.label))
        assert schedule.unit_scale(level) == 1


@given(schedule=karras_schedules(), steps=st.integers(1, 50))
def test_karras_levels_are_equally_spaced_in_the_root(schedule: KarrasSchedule, steps: int) -> None:
    """An independent reading of the formula: the rho-th roots form an arithmetic sequence between the ends."""
    levels = schedule.levels(steps)
    sigmas = np.array([level.sigma for level in levels])
    assert sigmas[0] == schedule.sigma_min
    assert sigmas[-1] == schedule.sigma_max
    roots = sigmas ** (1 / schedule.rho)
    np.testing.assert_allclose(roots, np.linspace(roots[0], roots[-1], steps + 1), rtol=1e-12)
    for level in levels:
        assert level.alpha == 1
        assert level.label == (math.log(level.sigma) / 4 if schedule.label == "log" else level.sigma)
        assert schedule.unit_scale(level) == level.sigma


@given(schedule=vp_schedules(), seed=seeds())
@settings(max_examples=20)
def test_vp_training_levels_are_levels_of_the_schedule(schedule: VPSchedule, seed: int) -> None:
    drawn = schedule.draw(64, torch.Generator().manual_seed(seed))
    for label, alpha, sigma in zip(drawn.label.tolist(), drawn.alpha.tolist(), drawn.sigma.tolist(), strict=True):
        level = schedule.level(int(label))
        assert (alpha, sigma) == pytest.approx((level.alpha, level.sigma), rel=1e-12)


@given(schedule=karras_schedules(), seed=seeds())
@settings(max_examples=10)
def test_edm_training_levels_are_log_normal(schedule: KarrasSchedule, seed: int) -> None:
    count = 4096
    drawn = schedule.draw(count, torch.Generator().manual_seed(seed))
    log_sigma = drawn.sigma.log()
    # Six standard errors: one failure in 10^9 examples.
    assert abs(float(log_sigma.mean()) - schedule.p_mean) < 6 * schedule.p_std / count**0.5
    assert abs(float(log_sigma.std()) - schedule.p_std) < 6 * schedule.p_std / (2 * count) ** 0.5
    assert torch.equal(drawn.alpha, torch.ones(count, dtype=torch.float64))
    torch.testing.assert_close(drawn.label, log_sigma / 4 if schedule.label == "log" else drawn.sigma)


@given(schedule=karras_schedules(), steps=st.integers(2, 20))
def test_karras_intervals_sum_to_the_whole_climb(schedule: KarrasSchedule, steps: int) -> None:
    levels = schedule.levels(steps)
    total = sum(schedule.interval(a, b) for a, b in pairwise(levels))
    # The guard of 1e-6 shortens each of the steps by at most 1e-6 / sigma_min.
    guard = steps * 1e-6 / schedule.sigma_min
    assert total == pytest.approx(math.log(schedule.sigma_max / schedule.sigma_min), abs=guard)


@given(schedule=vp_schedules(), steps=st.integers(1, 60))
def test_vp_intervals_are_timesteps(schedule: VPSchedule, steps: int) -> None:
    assume(steps <= schedule.timesteps)
    levels = schedule.levels(steps)
    intervals = [schedule.interval(a, b) for a, b in pairwise(levels)]
    assert all(interval >= 0 for interval in intervals)
    assert sum(intervals) == levels[-1].label


@pytest.mark.parametrize(("schedule", "steps"), [(VPSchedule(), 0), (VPSchedule(), 1001), (KarrasSchedule(), 0)])
def test_impossible_numbers_of_steps_are_refused(schedule: Schedule, steps: int) -> None:
    with pytest.raises(ConfigurationError, match=f"got {steps}"):
        schedule.levels(steps)
