"""The steps of a training, and what is due between them: states, pictures, and at the end the model."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import attrs
import torch

from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit.running.document import as_toml
from spectralkit.running.picture import grid
from spectralkit.running.rundir import versions
from spectralkit.stops import Stopped, deferred
from spectralkit_models_training.folder import Folder
from spectralkit_models_training.journal import Follower, Journal, followed
from spectralkit_models_training.loop import Trainer
from spectralkit_models_training.readme import model_card
from spectralkit_models_training.state import replace, write_state
from spectralkit_models_training.task import Shown


class Course:
    """Steps, and what is due between them.

    Args:
        command: That was given.
        folder: Where everything lies.
        trainer: Takes the steps.
    """

    def __init__(self, command: str, folder: Folder, trainer: Trainer) -> None:
        self.command, self.folder, self.trainer = command, folder, trainer
        self.config, self.first = trainer.config, trainer.accelerator.is_main_process
        self.journal = Journal.continued(folder.losses, trainer.step)
        self.saved = trainer.step if folder.state.exists() else None

    def run(self, quiet: bool) -> None:
        """From the step the state is at to the last; then export."""
        every = min(100, self.config.save_every)
        with self._accounted(), followed(quiet, self.config.steps, self.trainer.step, every) as follower:
            with self._kept():
                while self.trainer.step < self.config.steps:
                    self._advance(follower)
            if self.first:
                self._export(follower)

    def _advance(self, follower: Follower) -> None:
        with deferred() as waiting:  # a signal in the midst of an update would leave half of it
            update = self.trainer.update()
            step = self.trainer.step
            self.journal.note(step, update)
            stop = self.trainer.agree(bool(waiting))
        if stop:  # another process was told
            raise Stopped
        follower.advance(step, self.journal.shown[-1], update)
        self.trainer.accelerator.log(update.row(), step)
        if step < self.config.steps:
            if step % self.config.save_every == 0:
                self._save()
            if self.first and step % self.config.sample_every == 0:
                self._show(follower)

    def _save(self) -> None:
        with deferred():
            if self.first:
                self.journal.write()
                self.journal.plot()
                write_state(self.trainer.state(), self.folder.state)
            self.saved = self.trainer.step

    def _show(self, follower: Follower) -> Shown:
        """Pictures of the average, in the directory, and their scores."""
        shown = self.trainer.task.show(self.trainer.average)
        step = self.trainer.step
        scores = "  ".join(f"{name} {value:.4f}" for name, value in shown.scores.items())
        rows = [list(row) for row in torch.split(shown.images, shown.columns)]
        picture, png = grid(f"step {step}  {scores}", [""] * shown.columns, rows, [""] * len(rows)), BytesIO()
        picture.save(png, format="png")
        path = self.folder.inner / f"samples-{step:07}.png"
        for place in (path, self.folder.out / "samples.png"):
            replace(place, png.getbuffer())
        follower.tell(f"step {step} of {self.config.steps}  {scores or 'not scored'}  {path}")
        return shown

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Save when somebody stops the training, and say how to go on."""
        try:
            yield
        except Stopped:
            self._save()
            if self.first:
                print(
                    f"stopped after step {self.trainer.step} of {self.config.steps}: go on with --resume --out "
                    f"{self.folder.out}",
                    file=sys.stderr,
                )
            raise

    @contextmanager
    def _accounted(self) -> Iterator[None]:
        """Add to what is told of a failure what is left of the training."""
        try:
            yield
        except NonFiniteError as error:
            self._keep_losses()  # how it diverged is what somebody will look for
            error.args = (f"{error}; {self._left()}",)
            raise
        except (ConfigurationError, DataError) as error:
            go_on = "" if self.saved is None else f", from which --resume --out {self.folder.out} goes on"
            error.args = (f"{error}; {self._left()}{go_on}",)
            raise

    def _left(self) -> str:
        return "no state was saved yet" if self.saved is None else f"the state of step {self.saved} is kept"

    def _keep_losses(self) -> None:
        """The losses since the last state; who goes on from that drops them again."""
        if self.first and self.journal.rows:
            with suppress(ConfigurationError):  # a disk that is full too is not what ended it
                self.journal.write()
                self.journal.plot()

    def _export(self, follower: Follower) -> None:
        self._save()
        shown = self._show(follower)
        facts = self.folder.facts()
        config = attrs.evolve(self.config, **attrs.asdict(facts.choice))  # what was measured is not measured again
        training = {
            "command": self.command,
            **config.as_table(),
            **facts.data,
            "scores": shown.scores,
            "seconds": round(self.journal.seconds),
            "machine": machine(self.trainer.accelerator.device),
            "processes": self.trainer.accelerator.num_processes,
            "versions": {"python": platform.python_version(), **versions()},
        }

        def write(directory: Path) -> None:
            self.trainer.task.export(self.trainer.average, directory, training)
            card = model_card(self.command, config, training, shown.scores)
            (directory / "README.md").write_text(card, encoding="utf-8")
            (directory / "train.toml").write_bytes(as_toml({self.command: config.as_table()}))

        self.folder.export(write, self.config.steps)
        follower.tell(f"wrote {self.folder.out}")


def machine(device: torch.device) -> str:
    """What a training ran on, in a few words."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}"
    return f"{torch.get_num_threads()} thread(s) of {platform.machine()} ({os.cpu_count()} cores)"
