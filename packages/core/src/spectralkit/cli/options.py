"""Options that several commands share, and how a person follows a long run."""

from __future__ import annotations

import hashlib
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from spectralkit.cli.output import add_json, add_quiet
from spectralkit.errors import ConfigurationError
from spectralkit.running.claim import Claim, claim, numbered
from spectralkit.running.config import RunConfig
from spectralkit.running.watch import Unwatched, Watch

if TYPE_CHECKING:
    from rich.progress import Progress

    from spectralkit.pictures.reading import Reading

MOST_LETTERS = 100
"""Longer names of directories under ``runs/`` end in a digest."""


def path(text: str) -> Path:
    """A path that somebody typed; Python would take none for the current directory."""
    if not text:
        raise ArgumentTypeError("an empty path names nothing")
    return Path(text)


def add_what(parser: ArgumentParser) -> _ArgumentGroup:
    """What is run, but for the method; a default of None means "not given"."""
    group = parser.add_argument_group("what")
    group.add_argument(
        "--model",
        metavar="NAME",
        help=f"registered model, directory, or id of one on the hub that is in the cache {_default('model')}",
    )
    return group


def add_method(group: _ArgumentGroup) -> None:
    """The method of one run."""
    group.add_argument("--method", metavar="EXPR", help=f"like 'ovg(eta_lf=1e-4)+taba' {_default('method')}")


def add_seed(group: _ArgumentGroup) -> None:
    """The seed of one run."""
    group.add_argument("--seed", type=int, metavar="N", help=f"seed of all noise {_default('seed')}")


def add_how(parser: ArgumentParser) -> _ArgumentGroup:
    """How it is run, but for the seed."""
    group = parser.add_argument_group("how")
    for option, kind, letter, meaning in (
        ("steps", int, "N", "transitions each way"),
        ("guidance", float, "W", "guidance weight while sampling; 1 is none"),
        ("inversion-guidance", float, "W", "guidance weight while inverting; 1 is none"),
        ("batch-size", int, "N", "images at a time; changes no result"),
    ):
        group.add_argument(f"--{option}", type=kind, metavar=letter, help=f"{meaning} {_default(option)}")
    group.add_argument(
        "--label",
        choices=("current", "next"),
        help=f"level that inversion steps tell the network {_default('label')}",
    )
    group.add_argument("--device", metavar="NAME", help=f"auto, cpu, cuda, ... {_default('device')}")
    add_set(group, "PART.PARAM", "a parameter of a method, a metric, 'model' or 'dataset', like ovg.clip=0.5")
    return group


def add_set(group: ArgumentParser | _ArgumentGroup, what: str, meaning: str) -> None:
    """Parameters by part, for :func:`spectralkit.running.config.parse_settings`."""
    group.add_argument(
        "--set", action="append", default=[], metavar=f"{what}=VALUE", help=f"{meaning}; may be repeated"
    )


def add_files(group: _ArgumentGroup, subfolders: str, bad: str) -> None:
    """Which files are taken, and what becomes of those that cannot be."""
    group.add_argument("--recursive", action="store_true", help=f"open subfolders too{subfolders}")
    group.add_argument("--on-error", choices=("stop", "skip"), default="stop", help=f"{bad} (default: stop)")


def add_output(parser: ArgumentParser, what: str) -> _ArgumentGroup:
    """Where the results go, and what is printed."""
    group = parser.add_argument_group("output")
    group.add_argument("--out", type=path, metavar="DIR", help=f"{what}, must not exist (default: a new one in runs/)")
    add_json(group)
    add_quiet(group)
    return group


def add_reading(parser: ArgumentParser) -> _ArgumentGroup:
    """How image files are read."""
    group = parser.add_argument_group("reading")
    group.add_argument(
        "--intensity",
        metavar="HOW",
        help="how values become [0, 1]: full, LOW:HIGH or P%%:Q%% (default: full for 8 bits, else it must be said)",
    )
    group.add_argument(
        "--channels",
        metavar="A,B,C",
        help="channels of the files, from 0, with - for none; or rgb, luma (default: grey and RGB as they are)",
    )
    group.add_argument("--frame", metavar="N", help="which image of a stack, from 0, or all as channels")
    return group


def reading(arguments: Namespace) -> Reading:
    """The recipe that the options of :func:`add_reading` say."""
    from spectralkit.pictures.reading import Reading

    return Reading.of(arguments.channels, arguments.intensity, arguments.frame)


def _default(option: str) -> str:
    return f"(default: {attrs.fields_dict(RunConfig)[option.replace('-', '_')].default})"


def names(text: str) -> tuple[str, ...]:
    """The names of ``--metrics A,B``.

    Raises:
        ConfigurationError: If there are none.
    """
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if not found:
        raise ConfigurationError(f"--metrics names none: {text!r}: write it like psnr,ssim")
    return found


def given(arguments: Namespace, wanted: tuple[str, ...]) -> dict[str, Any]:
    """The options that were given, by name."""
    return {name: value for name in wanted if (value := getattr(arguments, name)) is not None}


@contextmanager
def followed(quiet: bool) -> Iterator[Watch]:
    """A progress bar on stderr while that is a terminal, else nothing."""
    if quiet or not sys.stderr.isatty():
        yield Unwatched() if quiet else Lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)


@attrs.frozen
class Lines(Unwatched):
    """What there is to be told, on stderr."""

    def tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            print(line, file=sys.stderr, flush=True)


class _Bar:
    """Transitions as steps of a rich progress bar."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task = progress.add_task("loading", total=None)

    def tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def expect(self, transitions: int) -> None:
        self.progress.update(self.task, description="translating", total=transitions)

    def advance(self) -> None:
        self.progress.advance(self.task)


def destination(out: Path | None, *parts: str) -> AbstractContextManager[Claim]:
    """A claim on ``out``, by default on the first free directory under ``runs/`` that ``parts`` name."""
    return claim([out] if out is not None else numbered(Path("runs") / file_name(parts)))


def file_name(parts: Iterable[str]) -> str:
    """``parts``, those that are not empty, as the name of a directory that any file system takes."""
    name = "-".join(part for part in parts if part)
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._+-=") else "_" for c in name).strip(".")
    return safe if 0 < len(safe) <= MOST_LETTERS else f"{safe[: MOST_LETTERS - 9]}-{_digest(name)}"


def unusual(config: RunConfig, names: Iterable[str]) -> Iterator[str]:
    """Parts of a file name: options of ``names`` that differ from their defaults, and a digest of the settings."""
    for name in names:
        value = getattr(config, name)
        if value != attrs.fields_dict(RunConfig)[name].default:
            told = f"{value:g}" if isinstance(value, float) else value
            yield f"{name.replace('_', '-')}{told}"
    settings = [(part, sorted(values.items())) for part, values in sorted(config.settings.items()) if values]
    if settings or config.metrics:
        yield f"set{_digest(repr((settings, config.metrics)))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:8]


def model_name(model: str) -> str:
    """What a model is called in a file name: a registered name, or the last part of a path."""
    return os.path.basename(os.path.abspath(model)) if os.sep in model or model.startswith(".") else model
