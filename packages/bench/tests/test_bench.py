"""``spectralkit bench``: grids that are run, killed, shared and gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import bench_toys as toys
import pytest
from rich.progress import Progress

from spectralkit.cli.main import main
from spectralkit.running import run as running
from spectralkit_bench.commands.live import PERIOD, Live
from spectralkit_bench.executors import work
from spectralkit_bench.grid import plan
from spectralkit_bench.store.record import Counts
from spectralkit_bench.store.store import Store

FAST = ("--steps", "2", "--samples", "1")


def bench(*words: object) -> int:
    return main(["bench", *map(str, words)])


def scores(store: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The lines of a store's table, but for what the clock says."""
    capsys.readouterr()
    assert bench("table", "--store", store, "--json") == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines]


def states(store: Path) -> Counter[str]:
    return Counter(record.state for record in Store.open(store).records())


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toys.written(tmp_path_factory.mktemp("grids"))


@pytest.fixture(scope="module")
def whole(grid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was run without interruption."""
    store = tmp_path_factory.mktemp("whole") / "store"
    assert bench("run", grid, "--store", store, "--quiet") == 0
    return store


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_done_is_never_done_again(whole, grid, monkeypatch, capsys):
    before = scores(whole, capsys)
    monkeypatch.setattr(work, "run_into", None)  # a call would fail
    assert bench("run", grid, "--store", whole, "--quiet") == 0
    assert scores(whole, capsys) == before
    assert states(whole) == {"done": 5}


def test_the_table_says_the_same_in_every_form(whole, capsys):
    for form in ((), ("--csv",), ("--tex",)):
        capsys.readouterr()
        assert bench("table", "--store", whole, *form) == 0
        assert "taba" in capsys.readouterr().out


def test_cells_are_listed_shown_and_removed(whole, capsys, tmp_path):
    assert bench("ls", "--store", whole, "--json") == 0
    first, *_ = json.loads(capsys.readouterr().out)
    assert first["state"] == "done"
    assert bench("show", first["key"][:10], "--store", whole, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert Path(shown["directory"]).is_dir()
    assert set(shown["scores"]) == {"s-dc", "psnr"}


def test_a_killed_grid_goes_on_and_its_table_is_that_of_one_that_was_not(whole, grid, tmp_path, capsys):
    store = tmp_path / "store"
    words = [sys.executable, "-m", "spectralkit", "bench", "run", str(grid), "--store", str(store), "--quiet"]
    process = subprocess.Popen(words)
    deadline = time.monotonic() + 300
    while not (store / "workers").exists() or not states(store)["done"]:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert states(store)["done"] < 5
    assert bench("run", grid, "--store", store, "--quiet") == 0
    assert scores(store, capsys) == scores(whole, capsys)


def test_two_processes_share_the_work(whole, grid, tmp_path, capsys):
    store = tmp_path / "store"
    words = [sys.executable, "-m", "spectralkit", "bench", "run", str(grid), "--store", str(store)]
    both = [subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    begun = Counter(line for _, err in told for line in err.splitlines() if line.startswith("  "))
    assert sum(begun.values()) == len(begun) == 5
    assert scores(store, capsys) == scores(whole, capsys)


def test_workers_give_the_same_table(whole, grid, tmp_path, capsys):
    store = tmp_path / "store"
    assert bench("run", grid, "--store", store, "--workers", 2, "--quiet") == 0
    assert scores(store, capsys) == scores(whole, capsys)


def test_a_failed_cell_is_recorded_and_the_rest_goes_on(tmp_path, capsys):
    wild = "ovg(eta_lf=1e300, eta_hf=1e300)"
    grid = toys.written(tmp_path, toys.GRID.replace("ovg(clip=0.5, eta_lf=1e-4)+taba", wild))
    store = tmp_path / "store"
    assert bench("run", grid, "--store", store, *FAST) == 2
    assert "1 of 4 cells have failed" in capsys.readouterr().err
    assert states(store) == {"done": 3, "failed": 1}
    (line,) = (line for line in scores(store, capsys) if line["method"] == wild)
    assert "NaN or infinity" in line["failures"][0]
    assert bench("run", grid, "--store", store, "--quiet", *FAST) == 2  # not tried again unless asked
    assert bench("rm", "--state", "failed", "--store", store) == 0
    assert states(store) == {"done": 3}


def test_a_grid_that_is_stopped_says_how_to_go_on(grid, tmp_path, capsys, monkeypatch):
    def stop(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    store = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr(plan, "identify", stop)
        assert bench("run", grid, "--store", store, *FAST) == 130
    assert "stopped, before the first cell; to go on: spectralkit" in capsys.readouterr().err
    monkeypatch.setattr(work, "run_into", stop)
    for quiet in ([], ["--quiet"]):
        assert bench("run", grid, "--store", store, *FAST, *quiet) == 130
        assert "stopped, 0 of 5 cells done; to go on: spectralkit" in capsys.readouterr().err
        assert states(store) == {"waiting": 5}


def test_the_time_left_is_known_of_cells_that_take_minutes():
    clock = iter(range(0, 10**6, 100))
    now = 0.0
    with Progress(get_time=lambda: now, speed_estimate_period=PERIOD, disable=True) as progress:
        board = Live(progress)
        for done in range(4):
            now = float(next(clock))
            board.show(Counts(waiting=9 - done, running=1, done=done))
        assert progress.tasks[0].time_remaining == 700


def test_a_full_disk_stops_the_grid_and_fails_no_cell(grid, tmp_path, capsys, monkeypatch):
    def full(*given: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(running, "write_csv", full)
    store = tmp_path / "store"
    assert bench("run", grid, "--store", store, "--quiet", *FAST) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "No space left on device: free some space" in line
    assert states(store) == {"waiting": 5}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "nothing", "--store", "s"), "there is no grid 'nothing'"),
        (("run", "{grid}", "--store", "s", "--workers", "0"), "--workers must be at least 1"),
        (("run", "{grid}", "--store", "s", "--model", "x"), "write NAME=MODEL"),
        (("run", "{grid}", "--store", "s", "--shards", "2"), "--shards belongs to a cluster: choose --executor ray"),
        (("run", "{grid}", "--store", "s", "--gpus", "0"), "--gpus belongs to a cluster: choose --executor ray"),
        (("run", "{grid}", "--store", "s", "--executor", "ray", "--shards", "0"), "--shards must be at least 1"),
        (
            ("run", "{grid}", "--store", "s", "--executor", "ray", "--cpus", "nan"),
            "--cpus must be a number of",
        ),
        (("run", "{grid}", "--store", "s", "--samples", "0"), "samples"),
        (("run", "{grid}", "--store", "{grid}"), "a file is in the way"),
        (("table", "--store", "s"), "there is no store s"),
        (("rm", "--store", "s"), "there is no store s"),
        (("ls",), "--store"),
        (("frobnicate",), "frobnicate"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_bad_input_is_one_line(words, told, grid, capsys):
    assert bench(*(word.format(grid=grid) for word in words)) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert told in line


def test_a_grid_that_cannot_be_run_leaves_no_store(grid, tmp_path, capsys):
    assert bench("run", grid, "--store", tmp_path / "store", "--device", "nothing") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "nothing of grid toy can be run: device 'nothing'" in line
    assert not (tmp_path / "store").exists()


def test_a_store_without_a_grid_has_no_table(tmp_path, capsys):
    Store.make(tmp_path / "store")
    assert bench("table", "--store", tmp_path / "store") == 2
    assert "has no grid yet: `spectralkit bench run` puts one there" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("bench", "run", "nothing", "--store", "s"),
        ("sweep", "--help"),
        ("compare", "--model", "./nowhere", "--methods", "standard"),
        ("sweep", "--model", "./nowhere", "--vary", "steps=1,2", "--store", "s"),
    ],
)
def test_what_runs_nothing_starts_without_torch(words, tmp_path):
    code = (
        "import sys; from spectralkit.cli.main import main; main(sys.argv[1:]); sys.exit(int('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 0
