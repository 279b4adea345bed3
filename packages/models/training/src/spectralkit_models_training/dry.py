"""``--dry-run``: what would be trained, measured on a few steps that are taken and put into a state, but not kept."""

from __future__ import annotations

import resource
import sys
from io import BytesIO
from pathlib import Path

import attrs
import torch

from spectralkit.cli.output import print_table
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.assembly import Assembled
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.course import machine
from spectralkit_models_training.journal import duration, say
from spectralkit_models_training.loop import Trainer
from spectralkit_models_training.session import Assemble, accelerated, processes, trial_batch
from spectralkit_models_training.trial import STEPS, Choice, settle

STATUS = Path("/proc/self/status")
"""Where Linux tells of this process; what ``resource`` tells there begins at what the parent has needed."""


def tell(config: TrainingConfig, assemble: Assemble) -> None:
    """Print parameters, memory and seconds; nothing is written."""
    place = processes(config)
    assembled = assemble(config, place.device, Aside(say, rehearsal=True))
    choice = settle(assembled.task, config, place.device, trial_batch(assembled, config, place))
    seconds = rehearse(assembled, config, choice)
    parameters = sum(weight.numel() for weight in assembled.task.module.parameters())
    rows = [
        ("parameters", f"{parameters:,}"),
        ("as float16", f"{parameters * 2 / 1e6:.1f} MB"),
        ("steps", f"{config.steps} of {config.batch} samples of {config.size} x {config.size} pixels"),
        (
            "arithmetic",
            f"{choice.precision}, {choice.layout}, {'compiled' if choice.compile == 'yes' else 'not compiled'}",
        ),
        ("machine", machine(place.device)),
        ("memory", f"{memory(place.device) / 2**20:.0f} MiB at its peak, without the pictures"),
        *((name, duration(ahead)) for name, ahead in assembled.ahead.items()),
        ("a step", f"{seconds:.3f} s"),
        ("in all", f"{duration(seconds * config.steps + sum(assembled.ahead.values()))} without the pictures"),
        *((name.replace("_", " "), str(value)) for name, value in (assembled.measured | assembled.data).items()),
    ]
    print_table(("", ""), rows)


def rehearse(assembled: Assembled, config: TrainingConfig, choice: Choice) -> float:
    """Take a few steps at both ends of the training and put their state together: the seconds of a step, the longer."""
    quiet = attrs.evolve(config, tracker=None)
    trainer = Trainer(assembled.task, quiet, accelerated(quiet, Path(), choice, assembled.rests), choice)
    count = min(STEPS + 1, config.steps)
    try:
        ends = [_pace(trainer, first, count) for first in (0, config.steps - count)]
        torch.save(trainer.state(), BytesIO())
    finally:
        trainer.close()
    return max(ends)


def _pace(trainer: Trainer, first: int, count: int) -> float:
    """Seconds of the fastest of so many steps, the first of which warms up."""
    trainer.step = first
    seconds = [trainer.update().seconds for _ in range(count)]
    return min(seconds[1:] or seconds)


def memory(device: torch.device) -> int:
    """Bytes that this process has needed at most."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if STATUS.exists():
        told = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
        return int(told["VmHWM"].split()[0]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
