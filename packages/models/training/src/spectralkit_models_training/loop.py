"""One optimiser step after another, on one process or several.

Nothing random is carried from step to step: the generator of step n is made of the seed and n. So a training that
continues from a state is bitwise the one that was never interrupted, and every process draws the same whole batch and
takes its own rows of it.
"""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any, cast

import attrs
import torch
from accelerate import Accelerator
from torch import nn

from spectralkit.errors import ConfigurationError, NonFiniteError
from spectralkit_models_training.average import averaged, follow
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.optimisation import optimiser, rate
from spectralkit_models_training.task import Batch, Task
from spectralkit_models_training.trial import Choice, placed


def generator(seed: int, *place: int) -> torch.Generator:
    """Of all that is random at a place of the training."""
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@attrs.frozen
class Update:
    """What a step tells.

    Args:
        loss: The mean over the batch.
        norm: Of the gradient, before it is clipped.
        rate: The learning rate.
        seconds: It took.
    """

    loss: float
    norm: float
    rate: float
    seconds: float


class Trainer:
    """The state of a training: weights, their average, the optimiser's memory, and the step.

    Args:
        task: What is trained.
        config: How.
        accelerator: On what.
        choice: In which arithmetic and layout.

    Raises:
        ConfigurationError: If a batch does not come out even over the processes.
    """

    def __init__(self, task: Task, config: TrainingConfig, accelerator: Accelerator, choice: Choice) -> None:
        parts = config.accumulation * accelerator.num_processes
        if config.batch % parts:
            raise ConfigurationError(
                f"batch {config.batch} cannot be shared by {accelerator.num_processes} processes in "
                f"{config.accumulation} parts: choose a multiple of {parts}"
            )
        self.task, self.config, self.accelerator = task, config, accelerator
        module = choice.arranged(task.module.to(accelerator.device).train())
        self.average = averaged(module)
        self.module, self.optimiser = accelerator.prepare(choice.compiled(module), optimiser(module, config))
        self.step = 0

    @property
    def bare(self) -> nn.Module:
        """The module without what wraps it."""
        return self.task.module

    def update(self) -> Update:
        """One step.

        Raises:
            NonFiniteError: If the loss or the gradient is NaN or infinite; no weight has changed.
        """
        start, factor, total = time.perf_counter(), rate(self.config, self.step), 0.0
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * factor
        torch.manual_seed(generator(self.config.seed, self.step, self.accelerator.process_index).initial_seed())
        for part in range(self.config.accumulation):
            batch = self._rows(part)
            with self.accelerator.accumulate(self.module):
                with self.accelerator.autocast():
                    loss = self.task.loss(self.module, batch, self.step)
                total += self._mean(loss) / self.config.accumulation
                self._check("loss", total)
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    norm = float(self.accelerator.clip_grad_norm_(self.module.parameters(), self.config.clip))
                    if self.accelerator.scaler is None:  # float16 skips the steps whose gradients overflow
                        self._check("gradient", norm)
                self.optimiser.step()
                self.optimiser.zero_grad()
        self.step += 1
        follow(self.average, self.bare, self.step, self.config.ema)
        return Update(total, norm, self.config.learning_rate * factor, time.perf_counter() - start)

    def state(self) -> dict[str, Any]:
        """All that a continuation needs."""
        scaler = self.accelerator.scaler
        return {
            "step": self.step,
            "module": self.bare.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": {} if scaler is None else scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.bare.load_state_dict(state["module"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.step = state["step"]

    def _rows(self, part: int) -> Batch:
        """This process's rows of a part of the batch."""
        batch = self.task.draw(
            self.step, self.config.batch // self.config.accumulation, generator(self.config.seed, self.step, part)
        )
        first, every = self.accelerator.process_index, self.accelerator.num_processes
        return placed(tuple(row[first::every] for row in batch), self.accelerator.device)

    def _mean(self, loss: torch.Tensor) -> float:
        return float(cast(torch.Tensor, self.accelerator.reduce(loss.detach(), "mean")))

    def _check(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise NonFiniteError(
                f"the {what} is {value} at step {self.step + 1}: lower --learning-rate and train again, or --resume "
                "with float32; the last state is kept"
            )
