"""What a training tells of itself on the way: ``loss.csv``, ``loss.png``, and a line of progress."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import attrs

from spectralkit.errors import DataError, told
from spectralkit_models_training.loop import Update
from spectralkit_models_training.state import replace

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

COLUMNS = ("step", "loss", "norm", "rate", "seconds")
SMOOTHED = 0.98
"""How slowly the loss that is shown follows that of the steps."""


@attrs.define
class Journal:
    """The losses of every step.

    Args:
        path: Of ``loss.csv``; the curve lies beside it.
        rows: Of the steps so far.
        shown: Their losses, each mixed with those before it.
    """

    path: Path
    rows: list[dict[str, float]] = attrs.field(factory=list, init=False)
    shown: list[float] = attrs.field(factory=list, init=False)

    @classmethod
    def continued(cls, path: Path, step: int) -> Journal:
        """The journal of a training that continues after ``step``; what a killed process wrote beyond is dropped.

        Raises:
            DataError: If the file is damaged.
        """
        journal = cls(path)
        try:
            with path.open(newline="", encoding="utf-8") as file:
                for texts in csv.DictReader(file):
                    row = {name: float(text) for name, text in texts.items()}
                    if not row.keys() >= set(COLUMNS):
                        raise KeyError(row.keys())
                    if row["step"] <= step:
                        journal._append({**row, "step": int(row["step"])})
        except FileNotFoundError:
            return journal
        except OSError as error:
            raise DataError(f"cannot read {path}: {told(error)}") from error
        except (csv.Error, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path} is damaged: remove it, and --resume goes on without the losses so far") from error
        return journal

    def note(self, step: int, update: Update) -> None:
        """One step is done."""
        self._append({"step": step, **update.row()})

    def _append(self, row: dict[str, float]) -> None:
        keep = min(SMOOTHED, len(self.shown) / (len(self.shown) + 1))
        self.shown.append(keep * (self.shown[-1] if self.shown else 0.0) + (1 - keep) * row["loss"])
        self.rows.append(row)

    @property
    def seconds(self) -> float:
        """Of all steps so far, in whatever session."""
        return sum(row["seconds"] for row in self.rows)

    def write(self) -> None:
        """Replace ``loss.csv``."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.rows[0] if self.rows else COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows)
        replace(self.path, text.getvalue().encode())

    def plot(self) -> None:
        """Replace ``loss.png``."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 3.5), layout="constrained")
        axes = figure.subplots()
        steps = [row["step"] for row in self.rows]
        axes.plot(steps, [row["loss"] for row in self.rows], color="lightgrey", linewidth=0.5)
        axes.plot(steps, self.shown, color="tab:blue")
        axes.set(xlabel="step", ylabel="loss", yscale="log")
        axes.grid(alpha=0.3)
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=120)
        replace(self.path.with_suffix(".png"), image.getvalue())


class Follower(Protocol):
    """Somebody who follows the steps."""

    def advance(self, step: int, loss: float, update: Update) -> None:
        """One step is done; ``loss`` is smoothed."""
        ...

    def tell(self, line: str) -> None:
        """Something else happened."""
        ...


@attrs.frozen
class Silent:
    """Nobody."""

    def advance(self, step: int, loss: float, update: Update) -> None:
        """Ignored."""

    def tell(self, line: str) -> None:
        """Ignored."""


@attrs.define
class Lines:
    """A line now and then, for logs.

    Args:
        steps: In all.
        every: Steps between lines.
    """

    steps: int
    every: int
    seconds: list[float] = attrs.field(factory=list, init=False)

    def advance(self, step: int, loss: float, update: Update) -> None:
        """Print where it is due."""
        self.seconds.append(update.seconds)
        if step % self.every == 0 or step == self.steps:
            pace = sum(self.seconds) / len(self.seconds)
            self.tell(
                f"step {step} of {self.steps}  loss {loss:.4f}  rate {update.rate:.2g}  {pace:.3f} s/step  "
                f"{duration(pace * (self.steps - step))} left"
            )
            self.seconds.clear()

    def tell(self, line: str) -> None:
        """Print a line."""
        say(line)


@attrs.frozen
class Live:
    """A progress bar with the loss and the rate.

    Args:
        progress: rich's.
        task: Its bar.
    """

    progress: Progress
    task: TaskID

    def advance(self, step: int, loss: float, update: Update) -> None:
        """Move the bar."""
        self.progress.update(self.task, completed=step, description=f"loss {loss:.4f}  rate {update.rate:.2g}")

    def tell(self, line: str) -> None:
        """Print above the bar."""
        self.progress.console.print(line, markup=False, highlight=False)


@contextmanager
def followed(quiet: bool, steps: int, done: int, every: int) -> Iterator[Follower]:
    """A live line on stderr while that is a terminal, lines where it is a file, nothing where it should be quiet."""
    if quiet:
        yield Silent()
        return
    if not sys.stderr.isatty():
        yield Lines(steps, every)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("loss", total=steps, completed=done)
        yield Live(progress, task)


def say(line: str) -> None:
    """Print a line on stderr."""
    print(line, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """``75`` -> ``1m 15s``."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {seconds:02}s"
