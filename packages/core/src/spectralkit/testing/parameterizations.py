"""Laws of parameterization plugins: a schedule, and the meaning of a network's output on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import Level, Schedule
from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import ParameterizationSpec
from spectralkit.testing.law import Kit, Law, demand, demand_close, demand_finite, demand_refusal, law

STEPS = (1, 2, 7, 50)
SHAPE = (2, 1, 4, 4)


@attrs.frozen(eq=False)
class Subject:
    """A process."""

    spec: ParameterizationSpec
    process: Process

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels from clean to noisy, the ends included."""
        return self.process.schedule.levels(10)

    def predict(self, x: Tensor, output: Tensor, level: Level) -> Prediction:
        """What ``output`` means at ``x``."""
        affine = self.process.parameterization.affine(level.alpha, level.sigma)
        return Prediction(affine.p * x + affine.q * output, affine.p_eps * x + affine.q_eps * output)


def prepare(spec: ParameterizationSpec, parameters: dict[str, Any]) -> Subject:
    """Build the process."""
    process = registry().build("parameterization", spec.name, **parameters)
    assert isinstance(process, Process)
    return Subject(spec, process)


def normal(seed: int, count: int) -> Iterator[Tensor]:
    """Independent standard normal batches in float64."""
    return iter(torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))


@law()
def reconstructs_the_state(subject: Subject, seed: int) -> None:
    """Whatever the network says: x = alpha x0_hat + sigma eps_hat."""
    x, output = normal(seed, 2)
    for level in subject.levels:
        back = move(subject.predict(x, output, level), level)
        # Terms up to max(nsr, 1 / nsr) cancel.
        demand_close(back, x, f"{level}: x and its reconstruction", 1e-12 * spread(level))


@law()
def has_a_consistent_target(subject: Subject, seed: int) -> None:
    """A network that gives the training target predicts the image and the noise it was made of."""
    x0, eps = normal(seed, 2)
    for level in subject.levels:
        x = level.alpha * x0 + level.sigma * eps
        target = subject.process.parameterization.target(x0, eps, level.alpha, level.sigma)
        prediction = subject.predict(x, target, level)
        demand_close(prediction.x0, x0, f"{level}: x0_hat and x0", 1e-12 * spread(level))
        demand_close(prediction.eps, eps, f"{level}: eps_hat and eps", 1e-12 * spread(level))


def spread(level: Level) -> float:
    """By how much round-off is amplified at a level."""
    small = [value for value in (level.alpha, level.sigma) if value > 0]
    return max(1.0, level.alpha, level.sigma) / min(1.0, *small)


@law()
def serves_training_and_sampling_alike(subject: Subject, seed: int) -> None:
    """Per-sample levels as tensors give what the same levels give as numbers."""
    x, output = normal(seed, 2)
    for level in subject.levels[1:]:
        alpha, sigma = (torch.full((2, 1, 1, 1), v, dtype=torch.float64) for v in (level.alpha, level.sigma))
        affine = subject.process.parameterization.affine(alpha, sigma)
        expected = subject.predict(x, output, level)
        demand_close(affine.p * x + affine.q * output, expected.x0, f"{level}: x0_hat by tensors and numbers", 1e-9)
        demand_close(affine.p_eps * x + affine.q_eps * output, expected.eps, f"{level}: eps_hat likewise", 1e-9)


@law(examples=1)
def scales_its_input(subject: Subject, seed: int) -> None:
    """The input scale is finite and positive."""
    for level in subject.levels:
        scale = float(subject.process.parameterization.input_scale(level.alpha, level.sigma))
        demand(math.isfinite(scale) and scale > 0, f"{level}: the input scale is {scale}")


@law(examples=1)
def climbs_from_clean_to_noisy(subject: Subject, seed: int) -> None:
    """levels(N) are N + 1 finite levels whose noise-to-signal ratio never falls and rises as a whole."""
    demand_climb(subject.process.schedule)


def demand_climb(schedule: Schedule) -> None:
    """Demand levels from clean to noisy, steps of positive length, and positive scales."""
    for steps in STEPS:
        levels = schedule.levels(steps)
        demand(len(levels) == steps + 1, f"levels({steps}) are {len(levels)}, expected {steps + 1}")
        for level in levels:
            demand(all(map(math.isfinite, (level.label, level.alpha, level.sigma))), f"{level} is not finite")
            demand(level.alpha >= 0 and level.sigma >= 0, f"{level} is negative")
            demand(schedule.unit_scale(level) > 0 or level == levels[0], f"{level} has no unit scale")
        ratios = [level.nsr for level in levels]
        # A linspace grid of one step is the first timestep itself.
        demand(ratios == sorted(ratios) and (ratios[-1] > ratios[0] or steps == 1), f"levels({steps}) fall: {ratios}")
        lengths = [schedule.interval(a, b) for a, b in pairwise(levels) if b.nsr > a.nsr]
        demand(all(length > 0 for length in lengths), f"a step of levels({steps}) has no length")
    demand(schedule.entry_noise >= 0, f"the entry noise is {schedule.entry_noise}")


@law(examples=1)
def refuses_to_stand_still(subject: Subject, seed: int) -> None:
    """No steps at all are refused."""
    demand_refusal(ConfigurationError, lambda: subject.process.schedule.levels(0), "levels(0)")


@law()
def draws_levels_for_training(subject: Subject, seed: int) -> None:
    """Training levels are finite, one a sample, random and reproducible, with finite targets."""
    process = subject.process
    a, b, other = (process.schedule.draw(64, torch.Generator().manual_seed(s)) for s in (seed, seed, seed + 1))
    for name in ("label", "alpha", "sigma"):
        values = getattr(a, name)
        demand(tuple(values.shape) == (64,), f"{name} has the shape {tuple(values.shape)}, expected (64,)")
        demand_finite(values, name)
        demand(torch.equal(values, getattr(b, name)), f"two draws of {name} with one generator state differ")
    demand(not torch.equal(a.sigma, other.sigma), "the generator has no influence")
    demand(len(set(a.sigma.tolist())) > 1, "every sample has the same level")
    x0, eps = (batch[:1].expand(64, 1, 4, 4) for batch in normal(seed, 2))
    alpha, sigma = (values.view(-1, 1, 1, 1) for values in (a.alpha, a.sigma))
    demand_finite(process.parameterization.target(x0, eps, alpha, sigma), "the training target")


def laws(spec: ParameterizationSpec) -> tuple[Law[Subject], ...]:
    """What every process obeys."""
    return (
        reconstructs_the_state,
        has_a_consistent_target,
        serves_training_and_sampling_alike,
        scales_its_input,
        climbs_from_clean_to_noisy,
        refuses_to_stand_still,
        draws_levels_for_training,
    )


KIT = Kit(prepare, laws)
