"""Rates, optimisers and the moving average."""

from __future__ import annotations

import copy
import math
from itertools import pairwise

import attrs
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spectralkit_models_training.average import averaged, decay, follow
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.optimisation import SLOWER, optimiser, rate

configs = st.builds(
    lambda steps, warmup, cooldown, schedule: TrainingConfig(
        steps=steps, warmup=warmup, cooldown=cooldown, schedule=schedule
    ),
    st.integers(1, 5000),
    st.integers(0, 500),
    st.floats(0.01, 1),
    st.sampled_from(["constant", "cosine", "linear"]),
)


def network(seed: int = 0) -> nn.Sequential:
    """First and last layer, and a matrix between them."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 3, 3))


@given(config=configs)
def test_the_rate_rises_stays_and_falls_and_is_never_none(config: TrainingConfig) -> None:
    factors = [rate(config, step) for step in range(config.steps)]
    assert all(0 < factor <= 1 for factor in factors)
    top = factors.index(max(factors))
    assert all(a <= b for a, b in pairwise(factors[: top + 1]))
    assert all(a >= b for a, b in pairwise(factors[top:]))


def test_the_cool_down_is_the_last_part_and_ends_at_nothing() -> None:
    linear = TrainingConfig(steps=1000, warmup=0, schedule="linear", cooldown=0.25)
    assert [rate(linear, step) for step in (0, 749, 750)] == [1, 1, 1]
    assert rate(linear, 875) == pytest.approx(0.5)
    assert rate(linear, 999) == pytest.approx(1 / 250)
    cosine = attrs.evolve(linear, schedule="cosine", cooldown=1.0)
    assert rate(cosine, 500) == pytest.approx(0.5)
    assert rate(cosine, 250) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert rate(attrs.evolve(linear, schedule="constant"), 999) == 1


@given(step=st.integers(1, 10_000), most=st.floats(0, 0.9999))
def test_the_average_starts_as_a_copy_and_grows_longer(step: int, most: float) -> None:
    """ALGORITHMS: min(most, (1 + m) / (10 + m)) with m the steps beyond the hundredth."""
    m = step - 100
    assert decay(step, most) == (0 if m <= 0 else min(most, (1 + m) / (10 + m)))


def test_the_average_follows_by_its_decay_and_copies_buffers() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    average = averaged(module)
    before = copy.deepcopy(average.state_dict())
    with torch.no_grad():
        for weight in (*module.parameters(), module[1].running_mean):
            weight.add_(1.0)
    follow(average, module, 1100, 0.99)
    assert not any(weight.requires_grad for weight in average.parameters())
    for name, mean in average.named_parameters():
        torch.testing.assert_close(mean, before[name] + 0.01)
    torch.testing.assert_close(average[1].running_mean, before["1.running_mean"] + 1)


def test_muon_moves_inner_matrices_in_all_directions_alike() -> None:
    module = network()
    config = TrainingConfig(optimiser="muon", learning_rate=0.1)
    made = optimiser(module, config)
    before = [weight.detach().clone() for weight in module.parameters()]
    module(torch.randn(2, 3, 16, 16)).square().sum().backward()
    made.step()
    moved = [weight.detach() - old for weight, old in zip(module.parameters(), before, strict=True)]
    singular = torch.linalg.svdvals(moved[2].flatten(1))
    assert singular.max() / singular.min() < 3  # five steps of Newton and Schulz come near to orthogonality
    first, nesterov = moved[0].abs(), (0.9 * 0.1 + 0.1) / (1 - 0.9)  # of Adam's first step, which is the sign
    torch.testing.assert_close(first, torch.full_like(first, 0.1 * SLOWER * nesterov), rtol=1e-3, atol=1e-6)


def test_adamw_has_the_asked_decay_and_momenta() -> None:
    config = TrainingConfig(learning_rate=0.5, weight_decay=0.25, beta1=0.5, beta2=0.9)
    group = optimiser(network(), config).param_groups[0]
    assert (group["lr"], group["weight_decay"], group["betas"]) == (0.5, 0.25, (0.5, 0.9))


def test_what_needs_no_gradient_is_not_trained() -> None:
    module = network()
    module[1].requires_grad_(False)
    for name in ("adamw", "muon"):
        groups = optimiser(module, TrainingConfig(optimiser=name)).param_groups
        assert sum(len(group["params"]) for group in groups) == 4
