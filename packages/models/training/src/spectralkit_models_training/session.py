"""A training from its first step, or the one it stopped at, to the exported model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import attrs
import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list

from spectralkit.errors import ConfigurationError
from spectralkit.models.device import find_device
from spectralkit_models_training.assembly import Aside, Assembled
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.course import Course
from spectralkit_models_training.folder import Folder, check_data
from spectralkit_models_training.journal import Silent, say
from spectralkit_models_training.loop import Trainer, generator
from spectralkit_models_training.state import read_state
from spectralkit_models_training.trial import ACCELERATE, Choice, settle

Assemble = Callable[[Any, torch.device, Aside], Assembled]


@attrs.frozen
class Order:
    """What is to be trained.

    Args:
        command: ``train`` or ``train-autoencoder``.
        config: How.
        assemble: Makes the task.
        out: Where.
        resume: Whether to go on with what lies there.
        quiet: Whether nothing is told.
    """

    command: str
    config: TrainingConfig
    assemble: Assemble
    out: Path
    resume: bool
    quiet: bool


def train(order: Order) -> None:
    """Train and export; a signal stops it after the step, and the state is saved.

    Raises:
        SpectralkitError: If something does not fit, cannot be written, or is not finite.
    """
    place, folder = processes(order.config), Folder(order.out)
    with folder.held() if place.is_main_process else nullcontext():
        if not order.resume:
            folder.check_free()
        elif folder.finished(order.config.steps):
            return
        quiet = order.quiet or not place.is_main_process
        aside = Aside(Silent().tell if quiet else say, folder.inner if place.is_main_process else None)
        assembled = order.assemble(order.config, place.device, aside)
        choice = _choice(order, folder, assembled, place)
        accelerator = _accelerator(order, choice, assembled.rests)
        trainer = Trainer(assembled.task, order.config, accelerator, choice)
        if order.resume and folder.state.exists():
            trainer.restore(read_state(folder.state))
        if place.is_main_process:
            _record(order, folder, assembled, choice)
        try:
            Course(order.command, folder, trainer).run(quiet)
        finally:
            accelerator.end_training()


def _record(order: Order, folder: Folder, assembled: Assembled, choice: Choice) -> None:
    if order.resume:
        folder.record(order.command, order.config)  # the end may have been moved
        return
    facts = {"data": assembled.data, "measured": assembled.measured, "choice": attrs.asdict(choice)}
    folder.begin(order.command, order.config, facts)


def processes(config: TrainingConfig) -> PartialState:
    """This process among those that train together, and its device."""
    cpu = find_device(config.device).type == "cpu"
    return PartialState(cpu=cpu)


def _choice(order: Order, folder: Folder, assembled: Assembled, place: PartialState) -> Choice:
    """How the network is run: as recorded, or as measured now; the first process decides."""
    said: list[Any] = [None]
    if place.is_main_process:
        if order.resume:
            facts = folder.facts()
            check_data(facts["data"], assembled.data)
            choice = Choice(**facts["choice"])
        else:
            choice = settle(assembled.task, order.config, place.device, trial_batch(assembled, order.config, place))
        said = [choice]
    broadcast_object_list(said)
    assert isinstance(said[0], Choice)
    return said[0]


def trial_batch(assembled: Assembled, config: TrainingConfig, place: PartialState) -> tuple[torch.Tensor, ...]:
    """A batch of the size that one process trains on at a time."""
    rows = max(1, config.batch // (config.accumulation * place.num_processes))
    return assembled.task.draw(config.steps - 1, rows, generator(config.seed))


def _accelerator(order: Order, choice: Choice, rests: bool) -> Accelerator:
    tracker = order.config.tracker
    try:
        accelerator = Accelerator(
            mixed_precision=ACCELERATE[choice.precision],
            gradient_accumulation_steps=order.config.accumulation,
            step_scheduler_with_optimizer=False,
            log_with=tracker,
            project_dir=order.out,
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=rests)],
        )
        if tracker is not None:
            if not accelerator.log_with:
                raise ConfigurationError(f"tracker '{tracker}' is not installed: install it or leave --tracker out")
            accelerator.init_trackers("training")
    except ValueError as error:
        raise ConfigurationError(f"tracker '{tracker}' is unknown: {error}; leave --tracker out") from error
    return accelerator
