"""A step of the trainer, all that it does included, over the bare forward, backward and optimiser step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from accelerate import Accelerator

from benchmarks.measure import Row, compare, device
from spectralkit_models_training.assembly import Aside, assemble_diffusion
from spectralkit_models_training.config import DiffusionConfig
from spectralkit_models_training.journal import Silent
from spectralkit_models_training.loop import Trainer
from spectralkit_models_training.optimisation import optimiser
from spectralkit_models_training.trial import Choice, placed

STEPS = 4
QUIET = Aside(Silent().tell)


def rows() -> Iterator[Row]:
    """One comparison an optimiser."""
    for name in ("adamw", "muon"):
        config = DiffusionConfig(widths=(64, 128), batch=16, size=32, optimiser=name, score="none", steps=10**6)
        yield _row(config, Choice("float32", "channels-last", "no"))


def _row(config: DiffusionConfig, choice: Choice) -> Row:
    trainer = Trainer(assemble_diffusion(config, device(), QUIET).task, config, Accelerator(), choice)
    task: Any = assemble_diffusion(config, device(), QUIET).task
    module = choice.arranged(task.module.to(device()).train())
    made = optimiser(module, config)
    batch = placed(task.draw(0, config.batch, torch.Generator().manual_seed(0)), device())

    def candidate() -> None:
        for _ in range(STEPS):
            trainer.update()

    def floor() -> None:
        for _ in range(STEPS):
            task.loss(module, batch, 0).backward()
            made.step()
            made.zero_grad()

    return compare(f"training step, {config.optimiser} / forward + backward + optimiser", candidate, floor, "<= 1.05")
