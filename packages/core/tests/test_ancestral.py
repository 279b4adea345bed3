"""The stochastic transition against Bayes' rule and the published special cases."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.diffusion.ancestral import drift, split
from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.schedule import Level
from spectralkit.testing.strategies import ve_levels, vp_levels

ETAS = st.floats(0.0, 1.0)


def apart(pair: tuple[Level, Level]) -> bool:
    """Nearer levels show the cancellation in 1 - ratio^2, in the published forms as in ours."""
    return abs(math.log(pair[0].nsr / pair[1].nsr)) > 1e-3


VP_PAIRS = st.tuples(vp_levels(), vp_levels()).filter(apart)
VE_PAIRS = st.tuples(ve_levels(), ve_levels()).filter(apart)
PAIRS = st.one_of(VP_PAIRS, VE_PAIRS)


def descending(pair: tuple[Level, Level]) -> tuple[Level, Level]:
    here, there = sorted(pair, key=lambda level: -level.nsr)
    return here, there


@given(pair=PAIRS)
def test_at_eta_one_it_is_the_posterior_of_the_noising_process(pair: tuple[Level, Level]) -> None:
    here, there = descending(pair)
    # x = r x' + noise of variance v, and x' = alpha' x0 + sigma' e: multiply the two Gaussian densities in x'.
    r = here.alpha / there.alpha
    v = here.sigma**2 - r**2 * there.sigma**2
    variance = 1 / (1 / there.sigma**2 + r**2 / v)
    assert split(here, there, 1.0).up == pytest.approx(math.sqrt(variance), rel=1e-9)
    x0, x = 0.7, -1.3
    mean = variance * (there.alpha * x0 / there.sigma**2 + r * x / v)
    eps = (x - here.alpha * x0) / here.sigma
    prediction = Prediction(*torch.tensor([x0, eps], dtype=torch.float64))
    expected = pytest.approx(mean, rel=1e-9, abs=1e-9 * (abs(x) + 1))
    assert float(drift(prediction, there, split(here, there, 1.0).down)) == expected


@given(pair=PAIRS, eta=ETAS)
def test_the_level_reached_keeps_its_noise(pair: tuple[Level, Level], eta: float) -> None:
    here, there = descending(pair)
    noise = split(here, there, eta)
    assert math.hypot(noise.up, noise.down) == pytest.approx(there.sigma)
    assert noise.up == pytest.approx(eta * split(here, there, 1.0).up)


@given(pair=VP_PAIRS, eta=ETAS)
def test_variance_preserving_form(pair: tuple[Level, Level], eta: float) -> None:
    here, there = descending(pair)
    abar, cleaner = here.alpha**2, there.alpha**2
    published = eta * math.sqrt((1 - cleaner) / (1 - abar)) * math.sqrt(1 - abar / cleaner)
    assert split(here, there, eta).up == pytest.approx(published, rel=1e-9)


@given(pair=VE_PAIRS, eta=ETAS)
def test_variance_exploding_form(pair: tuple[Level, Level], eta: float) -> None:
    here, there = descending(pair)
    published = eta * there.sigma * math.sqrt(1 - there.sigma**2 / here.sigma**2)
    assert split(here, there, eta).up == pytest.approx(published, rel=1e-9)


@given(pair=PAIRS)
def test_at_eta_zero_it_is_the_deterministic_transition(pair: tuple[Level, Level]) -> None:
    here, there = descending(pair)
    prediction = Prediction(torch.tensor([0.3, -2.0]), torch.tensor([1.1, 0.4]))
    noise = split(here, there, 0.0)
    assert noise.up == 0
    assert torch.equal(drift(prediction, there, noise.down), move(prediction, there))
