"""Options that ``run`` and ``translate`` share, and how a person follows a long run."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spectralkit.cli.output import add_json

if TYPE_CHECKING:
    from spectralkit.runner import Watch


def add_translation(parser: ArgumentParser) -> None:
    """The options of one translation; a default of None means "not given"."""
    parser.add_argument("--model", metavar="NAME", help="registered model or checkpoint directory (default: edm)")
    parser.add_argument("--method", metavar="EXPR", help="like 'ovg(eta_lf=1e-4)+taba' (default: standard)")
    parser.add_argument("--steps", type=int, metavar="N", help="transitions each way (default: 50)")
    parser.add_argument("--batch-size", type=int, metavar="N", help="samples at a time (default: 16)")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of all noise (default: 42)")
    parser.add_argument("--guidance", type=float, metavar="W", help="guidance weight while sampling (default: 1)")
    parser.add_argument(
        "--inversion-guidance", type=float, metavar="W", help="guidance weight while inverting (default: 1)"
    )
    parser.add_argument(
        "--label", choices=("current", "next"), help="level that inversion steps tell the network (default: current)"
    )
    parser.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, ... (default: auto)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PART.PARAM=VALUE",
        help="a parameter of a method, a metric, 'model' or 'dataset'; may be repeated",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar and no table")
    add_json(parser)


def given(arguments: Namespace, names: tuple[str, ...]) -> dict[str, object]:
    """The options that were given, by name."""
    return {name: value for name in names if (value := getattr(arguments, name)) is not None}


@contextmanager
def followed(quiet: bool) -> Iterator[Watch]:
    """A progress bar on stderr while it is a terminal, else a line when the work starts."""
    from spectralkit.runner import Unwatched

    if quiet:
        yield Unwatched()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty()) as progress:
        yield _Bar(progress)


class _Bar:
    """Transitions as steps of a rich progress bar."""

    def __init__(self, progress: object) -> None:
        from rich.progress import Progress

        assert isinstance(progress, Progress)
        self.progress = progress
        self.task = progress.add_task("loading", total=None)

    def begin(self, transitions: int) -> None:
        self.progress.update(self.task, description="translating", total=transitions)

    def advance(self) -> None:
        self.progress.advance(self.task)


def default_out(*parts: str) -> Path:
    """A directory under ``runs/`` that names the run and does not exist yet."""
    from spectralkit.rundir import unused

    name = "-".join(part for part in parts if part)
    safe = "".join(c if c.isalnum() or c in "._+-=" else "_" for c in name)[:120]
    return unused(Path("runs") / safe.strip("."))
