"""A training from its first step, or the one it stopped at, to the exported model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import attrs
import torch
from accelerate import Accelerator, PartialState
from accelerate.tracking import get_available_trackers
from accelerate.utils import DistributedDataParallelKwargs, GradientAccumulationPlugin, broadcast_object_list

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.device import find_device
from spectralkit.plugins.text import brief
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.assembly import Assembled
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.course import Course
from spectralkit_models_training.facts import Facts
from spectralkit_models_training.folder import Folder, check_same
from spectralkit_models_training.journal import Silent, say
from spectralkit_models_training.loop import Trainer, generator
from spectralkit_models_training.record import recorded
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
    _check_tracker(order.config.tracker)
    place, folder = processes(order.config), Folder(order.out)
    tell = Silent().tell if order.quiet or not place.is_main_process else say
    with folder.held() if place.is_main_process else nullcontext():
        if not order.resume and place.is_main_process:
            folder.check_free()
        begun = Begun.read(order, folder) if order.resume else None
        if begun is not None and folder.finished(order.config.steps):
            tell(f"{order.out} is done: nothing is left to train")
            return
        assembled = order.assemble(order.config, place.device, Aside(tell, folder.inner, place.is_main_process))
        if begun is None:
            choice = _chosen(order, assembled, place)
        else:
            begun.facts.check(assembled.data)
            choice = begun.facts.choice
        accelerator = accelerated(order.config, order.out, choice, assembled.rests)
        trainer = Trainer(assembled.task, order.config, accelerator, choice)
        if begun is not None and begun.state is not None:
            trainer.restore(begun.state)
        if place.is_main_process:
            _record(order, folder, Facts(assembled.data, assembled.measured, choice))
        try:
            Course(order.command, folder, trainer).run(order.quiet or not place.is_main_process)
        finally:
            trainer.close()


@attrs.frozen
class Begun:
    """What a training that is resumed has left.

    Args:
        facts: Found at its start.
        state: Its last; None where it was killed before the first.
    """

    facts: Facts
    state: dict[str, Any] | None

    @classmethod
    def read(cls, order: Order, folder: Folder) -> Begun:
        """What lies in a directory.

        Raises:
            ConfigurationError: If other options are asked for than would have made the steps that are done.
            DataError: If something is damaged, or the state is gone.
        """
        config = type(order.config)(**recorded(order.out, order.command, type(order.config)))
        facts, state = folder.facts(), read_state(folder.state) if folder.state.exists() else None
        if state is None and folder.mark.exists() and not folder.finished(order.config.steps):
            raise DataError(f"{folder.state} is gone, so there is nothing to go on from: choose another --out")
        done = 0 if state is None else state["step"]
        if done > config.steps:
            raise DataError(f"{folder.state} is of step {done}, but the training has {config.steps}: begin anew")
        check_same(config, order.config, done)
        return cls(facts, state)


def _record(order: Order, folder: Folder, facts: Facts) -> None:
    if order.resume:
        folder.record(order.command, order.config)  # the end may have been moved
    else:
        folder.begin(order.command, order.config, facts)


def processes(config: TrainingConfig) -> PartialState:
    """This process among those that train together, and its device.

    Raises:
        ConfigurationError: If a batch does not come out even over them.
    """
    place = PartialState(cpu=find_device(config.device).type == "cpu")
    parts = config.accumulation * place.num_processes
    if config.batch % parts:
        raise ConfigurationError(
            f"batch {config.batch} cannot be shared by {place.num_processes} processes in {config.accumulation} parts: "
            f"choose a multiple of {parts}"
        )
    return place


def _chosen(order: Order, assembled: Assembled, place: PartialState) -> Choice:
    """How the network is run, as measured by the first process."""
    said: list[Any] = [None]
    if place.is_main_process:
        said = [settle(assembled.task, order.config, place.device, trial_batch(assembled, order.config, place))]
    broadcast_object_list(said)
    assert isinstance(said[0], Choice)
    return said[0]


def trial_batch(assembled: Assembled, config: TrainingConfig, place: PartialState) -> tuple[torch.Tensor, ...]:
    """A batch of the size that one process trains on at a time."""
    rows = max(1, config.batch // (config.accumulation * place.num_processes))
    return assembled.task.draw(config.steps - 1, rows, generator(config.seed))


def _check_tracker(tracker: str | None) -> None:
    known = [str(found) for found in get_available_trackers()]
    if tracker is not None and tracker not in known:
        raise ConfigurationError(
            f"tracker {brief(tracker)} is unknown or not installed: there is {', '.join(known) or 'none'}"
        )


def accelerated(config: TrainingConfig, out: Path, choice: Choice, rests: bool) -> Accelerator:
    """What runs a network on one process or several.

    Args:
        config: What is asked for.
        out: Where a tracker writes.
        choice: How the network is run.
        rests: Whether some weights take no gradient in some steps.
    """
    accelerator = Accelerator(
        mixed_precision=ACCELERATE[choice.precision],
        # The number alone would give way to an environment variable.
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=config.accumulation),
        step_scheduler_with_optimizer=False,
        log_with=config.tracker,
        project_dir=out,
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=rests)],
    )
    if config.tracker is not None:
        accelerator.init_trackers("training")
    return accelerator
