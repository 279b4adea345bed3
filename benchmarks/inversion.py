"""The driver over bare network calls, OVG over its floor, and every method over the evaluations it counts."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import cast

import attrs
import torch
from torch import Tensor

from benchmarks.measure import Row, Work, compare, device
from benchmarks.smallest import SMALLEST
from spectralkit import api
from spectralkit.diffusion.denoiser import Condition, NetworkDenoiser
from spectralkit.diffusion.parameterization import EpsParameterization
from spectralkit.diffusion.schedule import VPSchedule
from spectralkit.inversion import driver
from spectralkit.inversion.context import Context
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Parts
from spectralkit.models.backbone import Told, told
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import MethodSpec
from spectralkit_models_training.backbones import backbone

STEPS, BATCH, SIDE = 8, 4, 64


@attrs.frozen(eq=False)
class Problem:
    """A random U-Net of the shipped architecture and a random batch."""

    network: Told
    x0: Tensor
    embedding: Tensor

    @classmethod
    def make(cls) -> Problem:
        torch.manual_seed(0)
        network, table = told(backbone(SMALLEST, 3, SIDE, 4).to(device()))
        return cls(network, torch.randn(BATCH, 3, SIDE, SIDE, device=device()), table[:1])

    def context(self, parts: Parts, steps: int = STEPS) -> Context:
        """A fresh context for one run."""
        schedule = VPSchedule()
        condition = Condition(self.embedding, self.embedding)
        return Context(
            denoiser=NetworkDenoiser(self.network, EpsParameterization()),
            schedule=schedule,
            levels=schedule.levels(steps),
            top=driver.top_index(parts, steps),
            x0=self.x0.to(parts.dtype),
            source=condition,
            target=condition,
            inversion_guidance=1.0,
            sampling_guidance=1.0,
            noise=Noise(0, [str(i) for i in range(BATCH)]),
            label="current",
            meter=Meter(BATCH),
        )

    def forward(self, x: Tensor) -> Tensor:
        """One bare network call."""
        label = torch.full((BATCH,), 500.0, device=x.device)
        return cast(Tensor, self.network(x, label, self.embedding.expand(BATCH, -1)))


def rows() -> Iterator[Row]:
    """All comparisons."""
    problem = Problem.make()
    standard, ovg = Parts(), api.load_method("ovg")
    yield compare(
        "standard inversion / bare network calls",
        lambda: driver.invert(standard, problem.context(standard)),
        _floor(problem, STEPS, 0),
        "<= 1.03",
    )
    yield compare(
        "OVG inversion / (forward with graph + 2 VJPs)",
        lambda: driver.invert(ovg, problem.context(ovg)),
        _floor(problem, STEPS, 2 * STEPS),
        "<= 1.05",
    )
    for registered in registry().all("method"):
        if not cast(MethodSpec, registered.spec).trained:  # it refuses a random network
            yield _method(problem, registered.spec.name)


def _method(problem: Problem, name: str) -> Row:
    """A whole translation over the product of its counted evaluations and the bare network's time."""
    parts = api.load_method(name)

    def run() -> Context:
        context = problem.context(parts, steps=STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a method may say that it is a no-op here
            driver.translate(parts, context)
        return context

    cost = run().meter.cost
    floor = _floor(problem, round(cost.forwards), round(cost.backwards))
    return compare(f"{name}: {cost.forwards:g} F + {cost.backwards:g} B", run, floor, "<= 1.10", rounds=5)


def _floor(problem: Problem, forwards: int, backwards: int) -> Work:
    """Bare calls: as many forwards and vector-Jacobian products, two of the latter to a graph."""
    graphs = -(-backwards // 2)

    def work() -> None:
        with torch.no_grad():
            for _ in range(forwards - graphs):
                problem.forward(problem.x0)
        for i in range(graphs):
            x = problem.x0.clone().requires_grad_()
            output = problem.forward(x)
            for _ in range(min(2, backwards - 2 * i)):
                torch.autograd.grad(output, x, problem.x0, retain_graph=True)
            del output  # one graph at a time, as in the driver

    return work
