"""Training commands in tests: run in the test's own process one after another, or in one of their own and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import torch
from accelerate.state import AcceleratorState, GradientState
from torch import Tensor

from spectralkit.cli.main import main

if TYPE_CHECKING:
    import pytest

PROGRAM = (sys.executable, "-W", "ignore", "-m", "spectralkit")


@attrs.frozen
class Ended:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


Program = Callable[..., Ended]
"""Its arguments -> what became of it."""


@contextmanager
def alone() -> Iterator[None]:
    """Within, sums are on one thread, always in one order; afterwards accelerate has forgotten the training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        AcceleratorState._reset_state(reset_partial_state=True)
        GradientState._reset_state()


def inside(*arguments: str) -> int:
    """The exit code of ``spectralkit`` with these arguments, run here."""
    with alone():
        return main(arguments)


def heard(capsys: pytest.CaptureFixture[str]) -> Program:
    """:func:`inside`, with what it says."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        return Ended(inside(*arguments), *capsys.readouterr())

    return run


def one_thread() -> dict[str, str]:
    """The environment of a program of its own, so that its sums are always in one order too."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


def killed(directory: Path, out: str, *arguments: str) -> None:
    """Run ``spectralkit`` with these arguments and ``--out`` in a directory, and kill it when its state is saved."""
    process = subprocess.Popen([*PROGRAM, *arguments, "--out", out], cwd=directory, env=one_thread())
    while not (directory / out / "training" / "state.pt").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def same(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> bool:
    """Whether weights are bitwise those."""
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
