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
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
from filelock import FileLock, Timeout

from spectralkit.errors import ConfigurationError, told
from spectralkit.running.document import as_toml
from spectralkit.stops import deferred
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.facts import Facts
from spectralkit_models_training.optimisation import rate
from spectralkit_models_training.record import RECORD
from spectralkit_models_training.state import replace

CHANGEABLE = ("save_every", "sample_every", "sample_steps", "score", "tracker", "device", "autoencoder")
"""Options that may be others when a training is resumed: they change no weight, or, as another device does, its last
digits, or what they name is known by its digest, as the autoencoder is."""

EARLY = ("lock", "facts.json", "train.toml", "bank.safetensors")
"""What lies in ``training/`` before the training has begun."""


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
        """Refuse a directory that holds something already, but for what a training that never began has left.

        Raises:
            ConfigurationError: If it does.
        """
        if (self.out / RECORD).exists():
            raise ConfigurationError(
                f"{self.out} holds a training: add --resume to go on with it, or choose another --out"
            )
        try:
            found = {*self.out.iterdir(), *self.inner.iterdir()} - {self.inner}
        except OSError as error:
            raise ConfigurationError(f"cannot write to output directory {self.out}: {told(error)}") from error
        if any(path.parent == self.out or path.name.lstrip(".").split(".partial")[0] not in EARLY for path in found):
            raise ConfigurationError(f"output directory {self.out} already exists: choose another --out or remove it")

    def begin(self, command: str, config: TrainingConfig, facts: Facts) -> None:
        """Record what was found, and what is trained; the second makes it a training that can be resumed."""
        facts.write(self.inner / "facts.json")
        self.record(command, config)

    def record(self, command: str, config: TrainingConfig) -> None:
        """Record what is trained."""
        replace(self.out / RECORD, as_toml({command: config.as_table()}))

    def facts(self) -> Facts:
        """What was found at the start."""
        return Facts.read(self.inner / "facts.json")

    @property
    def mark(self) -> Path:
        """Names the steps of the model that has been written, and what it consists of."""
        return self.inner / "exported"

    def finished(self, steps: int) -> bool:
        """Whether the model of so many steps has been written and is all there."""
        if not self.mark.is_file():
            return False
        done, *names = self.mark.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        return done == str(steps) and all((self.out / name).exists() for name in names)

    def export(self, write: Callable[[Path], None], steps: int) -> None:
        """Let ``write`` fill an empty directory, then move what it wrote into place.

        Raises:
            ConfigurationError: If it cannot be written; what the training needs to try again is still there.
        """
        staging = self.inner / "export.partial"
        try:
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            write(staging)
            names = sorted(entry.name for entry in staging.iterdir())
            with deferred():
                self.mark.unlink(missing_ok=True)
                for name in names:
                    if (self.out / name).is_dir():
                        shutil.rmtree(self.out / name)
                    (staging / name).replace(self.out / name)
                staging.rmdir()
                replace(self.mark, "\n".join((str(steps), *names)).encode())
        except OSError as error:
            shutil.rmtree(staging, ignore_errors=True)
            raise ConfigurationError(f"cannot write the model to {self.out}: {told(error)}") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, no other process trains here.

        Raises:
            ConfigurationError: If another one does, or the directory cannot be written.
        """
        made = [folder for folder in (self.out, *self.out.parents) if not folder.exists()]
        lock = FileLock(self.inner / "lock", timeout=0)
        try:
            self.inner.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise ConfigurationError(
                f"another process trains in {self.out}: wait for it or choose another --out"
            ) from error
        except OSError as error:
            self._tidy(made)
            raise ConfigurationError(f"cannot write to output directory {self.out}: {told(error)}") from error
        try:
            yield
        finally:
            self._tidy(made)
            lock.release()

    def _tidy(self, made: list[Path]) -> None:
        """Of a training that came to nothing leave nothing: no file, and no folder that was made for it."""
        if (self.out / RECORD).exists():
            return
        with suppress(OSError):
            for name in ("facts.json", "lock"):
                (self.inner / name).unlink(missing_ok=True)
            for folder in (self.inner, *made):
                folder.rmdir()


def check_same(begun: TrainingConfig, wanted: TrainingConfig, done: int) -> None:
    """Refuse options that would have made other steps of those that are done: at another rate, or of another stage.

    Raises:
        ConfigurationError: Naming the first of them.
    """

    def way(config: TrainingConfig, step: int) -> tuple[float, int]:
        return rate(config, step), config.stage(step)

    harmless: tuple[str, ...] = CHANGEABLE
    if wanted.steps >= done and all(way(begun, step) == way(wanted, step) for step in range(done)):
        harmless += begun.pace
    recorded, given = (tomllib.loads(as_toml(config.as_table()).decode()) for config in (begun, wanted))
    for name in dict.fromkeys((*recorded, *given)):
        value = given.get(name)
        if name not in harmless and recorded.get(name) != value:
            why = ", which the steps that are done do not allow" if name in begun.pace else ""
            raise ConfigurationError(
                f"--resume goes on with what was begun, where {name.replace('_', '-')} is {recorded.get(name)}, not "
                f"{value}{why}: leave the option out or begin anew"
            )
