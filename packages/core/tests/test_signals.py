"""What asks the program to end is heard at any moment, ends it with its own exit code, and leaves nothing."""

from __future__ import annotations

import signal
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spectralkit.running.rundir import fresh_directory
from spectralkit.stops import Stopped, deferred

TOY = ["--model", "gaussian", "--set", "model.process=toy-ve", "--dataset", "toy", "--metrics", "toy-mse"]
SLOW = ["run", *TOY, "--samples", "2", "--device", "cpu", "--quiet", "--steps", "100000"]
ENDINGS = {"SIGINT": (130, "interrupted"), "SIGTERM": (143, "terminated"), "SIGHUP": (129, "hung up")}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_signal_ends_the_work_and_leaves_nothing(name: str, here: Path, started: Callable[..., Any]) -> None:
    """In folders of its own making, and however often it is sent."""
    code, told = ENDINGS[name]
    with started("spectralkit", *SLOW, "--out", "new/out") as running:
        running.wait_for(lambda: list(here.glob("new/.out.partial/results/samples")))
        for _ in range(20):
            running.process.send_signal(signal.Signals[name])
            time.sleep(0.003)
        assert running.ended() == (code, "", f"spectralkit: {told}\n")
    assert list(here.iterdir()) == []


STARTING = """
import sys
sys.argv = ["spectralkit", "plugins"]
class Telling:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("ready", flush=True)
            import time
            time.sleep(60)
sys.meta_path.insert(0, Telling())
from spectralkit.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("module", ["attrs", "pluggy", "spectralkit.cli.main"])
def test_ctrl_c_while_the_program_is_being_imported(module: str, started: Callable[..., Any]) -> None:
    """As soon as a line of its own has run."""
    with started(sys.executable, "-c", STARTING.format(module=module)) as running:
        assert running.process.stdout.readline() == "ready\n"
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == (130, "", "spectralkit: interrupted\n")


LOST = """
import sys, time, signal
from spectralkit.stops import Stopped, listen
listen()
class Stubborn:
    def __del__(self):
        signal.raise_signal(signal.SIGTERM)
try:
    stubborn = Stubborn()
    del stubborn
    time.sleep(60)
except Stopped as stop:
    sys.exit(stop.code)
"""


def test_a_signal_that_falls_where_nothing_can_be_raised_is_not_lost(started: Callable[..., Any]) -> None:
    with started(sys.executable, "-c", LOST) as running:
        assert running.ended() == (143, "", "")


def test_the_command_is_the_one_that_listens() -> None:
    pyproject = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    assert pyproject["project"]["scripts"] == {"spectralkit": "spectralkit.__main__:main"}


ACT = """
@hookimpl
def spectralkit_commands():
    return [CommandSpec(name="act", target="acme_act:command", summary="Act")]

def __getattr__(name):
    from spectralkit.cli.command import Command
    return Command(lambda parser: None, run)

def run(args):
    import os, signal
    os.kill(os.getpid(), signal.SIGHUP)
    return 7
"""


def test_signals_that_are_ignored_stay_ignored(install: Callable[..., str], started: Callable[..., Any]) -> None:
    """As under nohup."""
    install("acme-act", "act", ACT)
    with started("sh", "-c", f"trap '' HUP; exec {sys.executable} -m spectralkit act") as running:
        assert running.ended() == (7, "", "")


def test_a_second_signal_waits_until_the_first_has_been_cleaned_up_after(tmp_path: Path, monkeypatch) -> None:
    """Even one that comes between two files that are being removed."""
    import shutil

    remove = shutil.rmtree

    def interrupted(*arguments: object, **options: object) -> None:
        signal.raise_signal(signal.SIGINT)
        remove(*arguments, **options)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(shutil, "rmtree", interrupted)

    def work() -> None:
        with fresh_directory(tmp_path / "new" / "out") as directory:
            (directory / "half").write_text("x")
            raise Stopped(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


def test_what_is_deferred_is_heard_afterwards() -> None:
    reached = []

    def work() -> None:
        with deferred():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
