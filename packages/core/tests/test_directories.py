"""A run's directory is its own from before it computes: parallel runs, killed runs, and names that cannot be."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError
from spectralkit.running import claim as claims
from spectralkit.running.claim import OWNER, claim, numbered
from spectralkit.running.rundir import fresh_directory

TOY = ["run", "--model", "gaussian", "--set", "model.process=toy-ve", "--dataset", "toy", "--metrics", "toy-mse"]
RUN = [*TOY, "--samples", "2", "--device", "cpu", "--quiet"]
SLOW = [*RUN, "--steps", "100000"]
QUICK = [*RUN, "--steps", "2"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- claims within a process ------------------------------------------------------------------------------------------


def test_what_is_being_written_is_refused_at_once(tmp_path: Path) -> None:
    with fresh_directory(tmp_path / "out"):
        with (
            pytest.raises(ConfigurationError, match=rf"is being written by process {os.getpid()} on .* since"),
            fresh_directory(tmp_path / "out"),
        ):
            raise AssertionError("claimed twice")
        assert names(tmp_path) == [".out.partial"]
    assert names(tmp_path) == ["out"]


def test_runs_in_parallel_get_numbers_of_their_own(tmp_path: Path) -> None:
    with claim(numbered(tmp_path / "run")) as first, claim(numbered(tmp_path / "run")) as second:
        (first.directory / "mine").write_text("1")
        (second.directory / "mine").write_text("2")
    assert (first.out, second.out) == (tmp_path / "run", tmp_path / "run-2")
    assert [(place.out / "mine").read_text() for place in (first, second)] == ["1", "2"]
    assert names(tmp_path) == ["run", "run-2"]


def test_a_claim_that_is_not_locked_yet_is_swept_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may sweep between the making of an owner and its lock."""
    real = claims.lock

    def lock(descriptor: int) -> bool:
        monkeypatch.setattr(claims, "lock", real)
        with claim([tmp_path / "other"]):  # sweeps first
            pass
        return real(descriptor)

    monkeypatch.setattr(claims, "lock", lock)
    with claim([tmp_path / "out"]):
        pass
    assert names(tmp_path) == ["other", "out"]


def test_what_was_killed_before_its_lock_is_swept_when_it_is_forgotten(tmp_path: Path) -> None:
    left = tmp_path / f".out.0000{claims.SUFFIX}"
    left.mkdir()
    (left / claims.UNLOCKED).write_text("")
    for age, there in ((0, True), (claims._FORGOTTEN + 60, False)):
        os.utime(left, (time.time() - age,) * 2)
        with claim([tmp_path / f"after-{age}"]):
            pass
        assert left.exists() is there


@pytest.mark.parametrize("name", ["out", "x" * 255, "\u00e4" * 127])
def test_what_a_killed_process_left_is_swept_by_the_next(name: str, tmp_path: Path) -> None:
    """Whatever the next one is called, and whichever of its names the claim bore."""
    if (child := os.fork()) == 0:
        with fresh_directory(tmp_path / name) as directory:
            (directory / "half").write_text("x")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    shutil.copytree(left, tmp_path / ".out.0123abcd.partial")
    with claim(numbered(tmp_path / "other")) as place:
        assert names(tmp_path) == [".other.partial"]
    with fresh_directory(tmp_path / name):
        pass
    assert names(tmp_path) == sorted([name, place.out.name])


def test_what_is_alive_or_a_strangers_is_not_swept(tmp_path: Path) -> None:
    (tmp_path / ".theirs.partial").mkdir()
    (tmp_path / ".theirs.partial" / "file").write_text("x")
    (tmp_path / ".file.partial").write_text("x")
    (tmp_path / ".link.partial").symlink_to("nowhere")
    (tmp_path / ".newborn.partial").mkdir()
    before = names(tmp_path)
    with fresh_directory(tmp_path / "one") as directory:
        (directory / "file").write_text("x")
        with fresh_directory(tmp_path / "two"):
            pass
        assert (directory / "file").exists()
    assert names(tmp_path) == sorted([*before, "one", "two"])


def test_an_owner_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".out.partial" / OWNER).mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="is being written by another run"), fresh_directory(tmp_path / "out"):
        raise AssertionError
    assert names(tmp_path) == [".out.partial"]


def test_a_full_disk_is_told_with_the_directory_and_a_remedy(tmp_path: Path) -> None:
    def work() -> None:
        with fresh_directory(tmp_path / "out"):
            raise OSError(28, "No space left on device")

    with pytest.raises(ConfigurationError, match=rf"{tmp_path}/out: No space left on device: free some space"):
        work()
    assert names(tmp_path) == []


# --- the program ------------------------------------------------------------------------------------------------------


def test_a_run_refuses_a_directory_that_another_one_is_writing(here: Path, started: Callable[..., Any], capsys) -> None:
    with started("spectralkit", *SLOW, "--out", "out") as running:
        running.wait_for(lambda: list(here.glob(".out.partial/results/samples")))
        assert main([*QUICK, "--out", "out"]) == 2
        told = rf"output directory out is being written by process {running.process.pid} on \S+ since .*: wait for it"
        assert re.match(f"spectralkit: error: {told}", capsys.readouterr().err)
        assert main([*QUICK, "--out", "other"]) == 0  # whatever else is done beside it
        running.process.kill()
        running.process.wait()
    assert main([*QUICK, "--out", "out"]) == 0
    assert names(here) == ["other", "out"]


def test_two_runs_of_one_name_both_keep_their_work(here: Path, started: Callable[..., Any]) -> None:
    with started("spectralkit", *QUICK) as first, started("spectralkit", *QUICK) as second:
        assert [running.ended() for running in (first, second)] == [(0, "", "")] * 2
    one, other = sorted(names(here / "runs"), key=len)
    assert other == f"{one}-2"
    assert all((here / "runs" / name / "metrics.json").is_file() for name in (one, other))


@pytest.mark.parametrize("out", ["new/..", "new/../out", "x" * 300, "link/out", "file", "file/out", "deep/" * 2000])
def test_a_name_that_cannot_be_is_refused_before_the_work(out: str, here: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("spectralkit.running.run.run_into", lambda *_, **__: pytest.fail("it was begun"))
    Path("file").write_text("")
    Path("link").symlink_to("nowhere")
    assert main([*QUICK, "--out", out]) == 2
    err = capsys.readouterr().err
    assert err.startswith("spectralkit: error: ")
    assert err.count("\n") == 1
    assert names(here) == ["file", "link"]
    assert len(err) < 400


def test_a_directory_that_was_deleted_beneath_is_told(here: Path, capsys) -> None:
    here.rmdir()
    assert main([*QUICK, "--out", "out"]) == 2
    assert "the current directory was deleted, change to another" in capsys.readouterr().err
    assert main([*QUICK]) == 2
    assert "the current directory was deleted, change to another" in capsys.readouterr().err
