"""``--dry-run``: what would be trained, measured on a few steps."""

from __future__ import annotations

import resource
import sys

import torch

from spectralkit.cli.output import print_table
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.course import machine
from spectralkit_models_training.journal import duration, say
from spectralkit_models_training.session import Assemble, processes, trial_batch
from spectralkit_models_training.trial import measure, settle


def tell(config: TrainingConfig, assemble: Assemble) -> None:
    """Print parameters, memory and seconds; nothing is written."""
    place = processes(config)
    assembled = assemble(config, place.device, Aside(say))
    batch = trial_batch(assembled, config, place)
    choice = settle(assembled.task, config, place.device, batch)
    seconds = config.accumulation * measure(assembled.task, choice, place.device, batch)
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
        ("memory", f"{memory(place.device) / 2**20:.0f} MiB at its peak"),
        ("a step", f"{seconds:.3f} s without the optimiser"),
        ("in all", f"{duration(seconds * config.steps)} at least"),
        *((name.replace("_", " "), str(value)) for name, value in (assembled.measured | assembled.data).items()),
    ]
    print_table(("", ""), rows)


def memory(device: torch.device) -> int:
    """Bytes that this process has needed at most."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
