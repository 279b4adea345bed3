"""One optimiser step after another, on one process or several.

Nothing random is carried from step to step: the generator of step n is made of the seed and n. So a training that
continues from a state is bitwise the one that was never interrupted, and every process draws the same whole batch and
takes its own rows of it, part by part: neither the processes nor the parts change what is learned, but for the order of
sums.
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

from spectralkit.errors import DataError, NonFiniteError
from spectralkit_models_training.average import averaged, follow
from spectralkit_models_training.batches import Batches
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.optimisation import optimiser, rate
from spectralkit_models_training.task import Batch, Loss, Task
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
        rivals: The losses of the task's rivals, by name.
    """

    loss: float
    norm: float
    rate: float
    seconds: float
    rivals: dict[str, float] = attrs.field(factory=dict)

    def row(self) -> dict[str, float]:
        """Every number by name."""
        return {**attrs.asdict(self, filter=attrs.filters.exclude("rivals")), **self.rivals}


class Learner:
    """A module with its optimiser.

    Args:
        module: Holds the weights; it is moved, and bare of what wraps it.
        loss: Of the module.
        config: How it is trained.
        accelerator: On what.
        choice: In which arithmetic and layout.
    """

    def __init__(
        self, module: nn.Module, loss: Loss, config: TrainingConfig, accelerator: Accelerator, choice: Choice
    ) -> None:
        self.bare = choice.arranged(module.to(accelerator.device).train())
        self.loss, self.config, self.accelerator, self.precision = loss, config, accelerator, choice.precision
        self.module, self.optimiser = accelerator.prepare(choice.compiled(self.bare), optimiser(self.bare, config))

    def update(self, batches: list[Batch], step: int) -> tuple[float, float]:
        """One step on the parts of a batch: the mean loss, and the norm of the gradient before it is clipped."""
        total = norm = 0.0
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * rate(self.config, step)
        for batch in batches:
            with self.accelerator.accumulate(self.module):
                with self.accelerator.autocast():
                    loss = self.loss(self.module, batch, step)
                total += self._mean(loss) / len(batches)
                check("loss", total, step, self.precision)
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    norm = float(self.accelerator.clip_grad_norm_(self.module.parameters(), self.config.clip))
                    if self.accelerator.scaler is None:  # float16 skips the steps whose gradients overflow
                        check("gradient", norm, step, self.precision)
                self.optimiser.step()
                self.optimiser.zero_grad()
        return total, norm

    def state(self) -> dict[str, Any]:
        """Weights and the optimiser's memory."""
        return {"module": self.bare.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.bare.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])

    def _mean(self, loss: torch.Tensor) -> float:
        return float(cast(torch.Tensor, self.accelerator.reduce(loss.detach(), "mean")))


def check(what: str, value: float, step: int, precision: str) -> None:
    """Refuse to go on from NaN or infinity: the same steps would only lead there again.

    Args:
        what: The value is.
        value: It.
        step: In which it came about.
        precision: Of the network's arithmetic.

    Raises:
        NonFiniteError: Naming the step.
    """
    if not math.isfinite(value):
        remedy = "a lower --learning-rate" + (" or --precision float32" if precision != "float32" else "")
        raise NonFiniteError(f"the {what} is {value} at step {step + 1}: begin anew in another --out with {remedy}")


class Trainer:
    """The state of a training: weights, their average, the optimisers' memory, and the step.

    Args:
        task: What is trained.
        config: How.
        accelerator: On what.
        choice: In which arithmetic and layout.
    """

    def __init__(self, task: Task, config: TrainingConfig, accelerator: Accelerator, choice: Choice) -> None:
        self.task, self.config, self.accelerator = task, config, accelerator
        self.learner = Learner(task.module, task.loss, config, accelerator, choice)
        self.average = averaged(self.learner.bare)
        self.rivals = {
            rival.name: Learner(rival.module, rival.loss, config, accelerator, choice) for rival in task.rivals
        }
        self.step = 0
        self.batches = Batches(self._batch, config.steps)

    def update(self) -> Update:
        """One step: of the task's module, then of its rivals.

        Raises:
            NonFiniteError: If a loss or a gradient is NaN or infinite; such a step is in no state.
        """
        start = time.perf_counter()
        draws = generator(self.config.seed, self.step, 1 + self.accelerator.process_index)  # 0 is the batch's
        torch.manual_seed(draws.initial_seed())
        batches = self._parts()
        loss, norm = self.learner.update(batches, self.step)
        others = {name: rival.update(batches, self.step)[0] for name, rival in self.rivals.items()}
        pace = self.config.learning_rate * rate(self.config, self.step)
        self.step += 1
        follow(self.average, self.learner.bare, self.step, self.config.ema)
        return Update(loss, norm, pace, time.perf_counter() - start, others)

    def state(self) -> dict[str, Any]:
        """All that a continuation needs."""
        scaler = self.accelerator.scaler
        return {
            "step": self.step,
            **self.learner.state(),
            "average": self.average.state_dict(),
            "rivals": {name: rival.state() for name, rival in self.rivals.items()},
            "scaler": {} if scaler is None else scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`.

        Raises:
            DataError: If it is another training's.
        """
        try:
            self.learner.restore(state)
            self.average.load_state_dict(state["average"])
            for name, rival in self.rivals.items():
                rival.restore(state["rivals"][name])
            if self.accelerator.scaler is not None:
                self.accelerator.scaler.load_state_dict(state["scaler"])
        except (RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError("the state is another training's, it does not fit: choose another --out") from error
        self.step = state["step"]

    def agree(self, stop: bool) -> bool:
        """Whether this process or another is to stop; all of them ask after the same step, or they would wait."""
        if self.accelerator.num_processes == 1:
            return stop
        asked = torch.tensor(float(stop), device=self.accelerator.device)
        return float(cast(torch.Tensor, self.accelerator.reduce(asked, "sum"))) > 0

    def close(self) -> None:
        """Let go of what several processes share, then end their group.

        In this order: where a module's wrapper is the last owner of the group, torch waits for its threads while they
        wait for Python's lock, for ever.
        """
        self.batches.close()
        for learner in (self.learner, *self.rivals.values()):
            del learner.module
        self.accelerator.free_memory()
        self.accelerator.end_training()

    def _batch(self, step: int) -> Batch:
        return self.task.draw(step, self.config.batch, generator(self.config.seed, step, 0))

    def _parts(self) -> list[Batch]:
        """This process's rows of the step's batch, in parts."""
        batch = self.batches.of(self.step)
        first, processes = self.accelerator.process_index, self.accelerator.num_processes
        every = processes * self.config.accumulation
        return [
            placed(tuple(row[start::every] for row in batch), self.accelerator.device)
            for start in range(first, every, processes)
        ]
