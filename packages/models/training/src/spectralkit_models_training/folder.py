"""The directory of a training: the model, once it is done, and what made it.

OUT/...                    the checkpoint, written when the last step is done
OUT/loss.csv, loss.png     the loss of every step
OUT/samples.png            the last pictures; all of them lie in training/
OUT/training/train.toml    the whole configuration
OUT/training/facts.json    what was measured and found at the start
OUT/training/state.pt      the last state, from which --resume goes on
OUT/training/lock          held while a process trains here
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
from filelock import FileLock, Timeout

from spectralkit.errors import ConfigurationError, DataError, told
from spectralkit.models.pretrained import read_json
from spectralkit.running.config import read_table
from spectralkit.running.document import as_json, as_toml
from spectralkit.stops import deferred
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.journal import Journal
from spectralkit_models_training.optimisation import rate
from spectralkit_models_training.state import replace

CHANGEABLE = ("save_every", "sample_every", "tracker", "device")
"""Options that may be others when a training is resumed, because they change no weight of it."""


PACE = ("steps", "schedule", "cooldown", "warmup")
"""Options that may be others as long as the steps that are done had the same learning rate."""


@attrs.frozen
class Folder:
    """Where everything lies.

    Args:
        out: The directory.
    """

    out: Path

    @property
    def inner(self) -> Path:
        """What only the training needs."""
        return self.out / "training"

    @property
    def state(self) -> Path:
        """The last state."""
        return self.inner / "state.pt"

    @property
    def losses(self) -> Path:
        """The loss of every step."""
        return self.out / "loss.csv"

    def check_free(self) -> None:
        """Refuse a directory that holds something already.

        Raises:
            ConfigurationError: If it does.
        """
        if (self.inner / "train.toml").exists():
            raise ConfigurationError(
                f"{self.out} holds a training: add --resume to go on with it, or choose another --out"
            )
        try:
            if self.out.exists() and any(entry.name != "training" for entry in self.out.iterdir()):
                raise ConfigurationError(
                    f"output directory {self.out} already exists: choose another --out or remove it"
                )
        except OSError as error:
            raise ConfigurationError(f"cannot write to output directory {self.out}: {told(error)}") from error

    def done(self) -> int:
        """How many steps the journal tells of: as many as the last state, or a few more."""
        return len(Journal.continued(self.losses, sys.maxsize).rows)

    def begin(self, command: str, config: TrainingConfig, facts: dict[str, Any]) -> None:
        """Record what is trained, and what was measured and found at the start."""
        replace(self.inner / "facts.json", as_json(facts).encode())
        self.record(command, config)

    def record(self, command: str, config: TrainingConfig) -> None:
        """Record what is trained."""
        replace(self.inner / "train.toml", as_toml({command: config.as_table()}))

    def recorded(self, command: str, config: type[TrainingConfig]) -> dict[str, Any]:
        """The configuration that a training was begun with.

        Raises:
            ConfigurationError: If there is none.
        """
        path = self.inner / "train.toml"
        if not path.is_file():
            raise ConfigurationError(f"{self.out} holds no training to resume: leave --resume out to begin one")
        return read_table(path, command, config)

    def facts(self) -> dict[str, Any]:
        """What was recorded at the start."""
        return read_json(self.inner / "facts.json")

    def finished(self, steps: int) -> bool:
        """Whether the model of so many steps has been written."""
        mark = self.inner / "exported"
        return mark.exists() and mark.read_text(encoding="utf-8") == str(steps)

    def export(self, write: Callable[[Path], None], steps: int) -> None:
        """Let ``write`` fill an empty directory, then move what it wrote into place.

        Raises:
            ConfigurationError: If it cannot be written; the state is kept.
        """
        staging = self.inner / "export.partial"
        try:
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            write(staging)
            with deferred():
                for entry in sorted(staging.iterdir()):
                    place = self.out / entry.name
                    if place.is_dir():
                        shutil.rmtree(place)
                    entry.replace(place)
                staging.rmdir()
                (self.inner / "exported").write_text(str(steps), encoding="utf-8")
        except OSError as error:
            shutil.rmtree(staging, ignore_errors=True)
            raise ConfigurationError(
                f"cannot write the model to {self.out}: {told(error)}; the state is kept, add --resume to try again"
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, no other process trains here.

        Raises:
            ConfigurationError: If another one does, or the directory cannot be written.
        """
        try:
            self.inner.mkdir(parents=True, exist_ok=True)
            with FileLock(self.inner / "lock", timeout=0):
                yield
        except Timeout as error:
            raise ConfigurationError(
                f"another process trains in {self.out}: wait for it or choose another --out"
            ) from error
        except OSError as error:
            raise ConfigurationError(f"cannot write to output directory {self.out}: {told(error)}") from error
        finally:
            if not (self.inner / "train.toml").exists():  # it came to nothing, so nothing is left
                with suppress(OSError):
                    (self.inner / "lock").unlink(missing_ok=True)
                    self.inner.rmdir()
                    self.out.rmdir()


def check_same(begun: TrainingConfig, wanted: TrainingConfig, done: int) -> None:
    """Refuse options that would have made other steps of those that are done.

    Raises:
        ConfigurationError: Naming the first of them.
    """
    harmless: tuple[str, ...] = CHANGEABLE
    if wanted.steps >= done and all(rate(begun, step) == rate(wanted, step) for step in range(done)):
        harmless += PACE
    recorded, given = begun.as_table(), wanted.as_table()
    for name in dict.fromkeys((*recorded, *given)):
        value = given.get(name)
        if name not in harmless and recorded.get(name) != value:
            raise ConfigurationError(
                f"--resume goes on with what was begun, where {name.replace('_', '-')} is {recorded.get(name)}, not "
                f"{value}: leave the option out or begin anew"
            )


def check_data(recorded: dict[str, Any], found: dict[str, Any]) -> None:
    """Refuse to go on with other data than was begun with.

    Raises:
        DataError: Naming what differs.
    """
    for name, value in found.items():
        if recorded.get(name) != value:
            raise DataError(
                f"the training was begun with another {name.replace('_', ' ')}, {recorded.get(name)} in place of "
                f"{value}: get the same back or begin anew"
            )
