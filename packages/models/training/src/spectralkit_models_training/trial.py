"""Three measured steps decide what pays on this machine: the arithmetic, the layout of images, the compiler."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator

import attrs
import torch
from torch import Tensor, nn

from spectralkit.running.checks import one_of
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.task import Batch, Task

STEPS = 3
PAYS = 0.95
"""A choice is taken where it needs at most this much of the time that the plainer one needs."""

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
ACCELERATE = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
"""accelerate's names of the precisions."""


@attrs.frozen
class Choice:
    """How a network is run.

    Args:
        precision: ``float32``, ``bfloat16`` or ``float16``.
        layout: ``contiguous`` or ``channels-last``.
        compile: ``yes`` or ``no``.

    Raises:
        ConfigurationError: If one is none of those.
    """

    precision: str = attrs.field(validator=one_of(*DTYPES))
    layout: str = attrs.field(validator=one_of("contiguous", "channels-last"))
    compile: str = attrs.field(validator=one_of("yes", "no"))

    def arranged(self, module: nn.Module) -> nn.Module:
        """``module`` with its weights in the layout, in place."""
        memory = torch.channels_last if self.layout == "channels-last" else torch.contiguous_format
        for weight in module.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.contiguous(memory_format=memory)
        return module

    def compiled(self, module: nn.Module) -> nn.Module:
        """``module``, compiled if that is the choice."""
        return torch.compile(module) if self.compile == "yes" else module  # type: ignore[return-value]


def placed(batch: Batch, device: torch.device) -> Batch:
    """A batch on ``device``, in float32: not every device knows doubles."""

    def moved(row: Tensor) -> Tensor:
        return row.to(device, torch.float32 if row.dtype == torch.float64 else None)

    return tuple(moved(row) for row in batch)


def settle(task: Task, config: TrainingConfig, device: torch.device, batch: Batch) -> Choice:
    """The fastest choice that the configuration leaves open; nothing of the task changes."""
    best, *others = _open(config, device)
    seconds = measure(task, best, device, batch) if others else 0.0
    for choice in others:
        took = measure(task, choice, device, batch)
        if took < PAYS * seconds:
            best, seconds = choice, took
    if config.compile == "auto" and device.type == "cuda":
        compiled = attrs.evolve(best, compile="yes")
        if measure(task, compiled, device, batch) < PAYS * measure(task, best, device, batch):
            best = compiled
    return best


def _open(config: TrainingConfig, device: torch.device) -> Iterator[Choice]:
    """What is to be measured, plain arithmetic first."""
    compiled = "yes" if config.compile == "yes" else "no"
    brief = device.type != "cuda" or torch.cuda.is_bf16_supported()
    precisions = {"auto": ["float32", *(["bfloat16"] if brief else [])]}.get(config.precision, [config.precision])
    layouts = {"auto": ["contiguous", "channels-last"]}.get(config.layout, [config.layout])
    for precision in precisions:
        for layout in layouts:
            yield Choice(precision, layout, compiled)


def measure(task: Task, choice: Choice, device: torch.device, batch: Batch) -> float:
    """Seconds of a forward and backward pass on copies: the fastest of three, after one that warms up."""
    learners = [
        (choice.compiled(choice.arranged(copy.deepcopy(module).to(device).train())), loss)
        for module, loss in ((task.module, task.loss), *((rival.module, rival.loss) for rival in task.rivals))
    ]
    seconds = []
    for _ in range(STEPS + 1):
        start = time.perf_counter()
        for module, loss in learners:
            with torch.autocast(device.type, DTYPES[choice.precision], enabled=choice.precision != "float32"):
                value = loss(module, placed(batch, device), 0)
            value.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            module.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])
