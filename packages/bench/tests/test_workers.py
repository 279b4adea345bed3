"""Worker processes of a sweep: they live over its rounds, are replaced where one is lost, and end with it, whatever
ends it.

A sweep in a process of its own stops between its rounds, says so, and goes on when it is told to; so nothing here
depends on how long anything takes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import bench_toys as toys
import psutil
import pytest

pytest.importorskip("optuna")

from spectralkit.errors import ConfigurationError
from spectralkit_bench.executors import member
from spectralkit_bench.executors.board import Blank
from spectralkit_bench.executors.local import Processes
from spectralkit_bench.store.store import Store

PATIENCE = 300
"""Seconds until a process is given up; it takes a few, but the machine may be busy."""

TRIALS = 18  # three rounds
SWEEP = (
    *("sweep", "--model", "gaussian", "--dataset", "counted", "--steps", "1", "--samples", "1"),
    *("--metrics", "s-hf,s-lf", "--method", "ovg+taba", "--vary", "ovg.clip=0.1..1.0", "--vary", "ovg.eta_hf=1.0..9.0"),
    *("--sampler", "random", "--trials", str(TRIALS), "--store"),
)

BETWEEN = """
import select, sys
from spectralkit.__main__ import main
from spectralkit_bench.sweep.sweep import Sweep

learn = Sweep.learn

def waiting(sweep, store):
    learn(sweep, store)
    print("between", flush=True)
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        pass
    sys.stdin.readline()

Sweep.learn = waiting
sys.exit(main())
"""

COUNTED = """
import os
from spectralkit.plugins import DatasetSpec, hookimpl

@hookimpl
def spectralkit_datasets():
    return [DatasetSpec(name="counted", target="acme_counted:counted", summary="Cells that tell who loads them")]

def counted(size: int = 16, count: int = 2):
    from spectralkit_datasets_cells.cells import Cells

    with open(os.environ["ACME_LOADS"], "a") as file:
        file.write(f"{os.getpid()}\\n")
    return Cells(size=size, count=count)
"""


@attrs.frozen
class Sweeping:
    """A sweep in a process of its own.

    Args:
        process: It, the first of a group of its own.
        loads: Tells which processes have loaded the data set.
    """

    process: subprocess.Popen[str]
    loads: Path

    def between(self) -> list[psutil.Process]:
        """The workers, as soon as it stops between two rounds."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "between\n", self.process.communicate()
        return self.workers()

    def workers(self) -> list[psutil.Process]:
        """Those there are."""
        children = psutil.Process(self.process.pid).children()
        return [one for one in children if any("spawn_main" in word for word in one.cmdline())]

    def go_on(self) -> None:
        """To the next round."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def loaders(self) -> list[int]:
        """The processes that have loaded the data set, as often as they have."""
        return [int(line) for line in self.loads.read_text().splitlines()]


@pytest.fixture
def sweeping(tmp_path: Path) -> Callable[..., object]:
    """Starts a sweep into ``store`` that stops between its rounds, with the options given."""
    site = tmp_path / "site"
    info = site / "acme_counted-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_counted.py").write_text(COUNTED)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-counted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[spectralkit]\ncounted = acme_counted\n")
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "ACME_LOADS": str(tmp_path / "loads")}

    @contextmanager
    def _sweeping(*words: str) -> Iterator[Sweeping]:
        command, pipe = [sys.executable, "-c", BETWEEN, *SWEEP, str(tmp_path / "store"), *words], subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
        ) as process:
            try:
                yield Sweeping(process, tmp_path / "loads")
            finally:
                process.kill()

    return _sweeping


def importing_torch(process: psutil.Process) -> bool:
    return any("libtorch" in mapped.path for mapped in process.memory_maps())


def ended(workers: list[psutil.Process]) -> bool:
    return not psutil.wait_procs(workers, timeout=PATIENCE)[1]


def test_workers_live_over_the_rounds_a_lost_one_is_replaced_and_ctrl_c_ends_them(tmp_path, sweeping):
    with sweeping("--workers", "2") as sweep:
        first = sweep.between()
        assert len(first) == 2
        stays, *_ = (one for one in first if one.pid in sweep.loaders())  # one may have been faster than the other
        (lost,) = (one for one in first if one != stays)
        lost.kill()
        sweep.go_on()
        second = sweep.between()
        assert len(second) == 2
        assert stays in second
        assert lost not in second
        assert len(set(sweep.loaders())) == len(sweep.loaders())
        os.killpg(sweep.process.pid, signal.SIGINT)  # as a terminal does
        _, err = sweep.process.communicate(timeout=PATIENCE)
    assert sweep.process.returncode == 130
    lines = err.splitlines()
    assert "Traceback" not in err
    assert lines[-2].startswith(f"stopped, 16 of {TRIALS} cells done; to go on: spectralkit sweep --model gaussian")
    assert lines[-1] == "spectralkit: interrupted"
    assert ended(second)
    assert {record.state for record in Store.open(tmp_path / "store").records()} == {"done"}
    assert not list((tmp_path / "store" / "workers").iterdir())


def test_a_signal_between_two_rounds_of_one_process_says_how_to_go_on(sweeping):
    with sweeping() as sweep:
        assert not sweep.between()
        sweep.process.terminate()
        _, err = sweep.process.communicate(timeout=PATIENCE)
    assert sweep.process.returncode == 143
    stopped, last = err.splitlines()[-2:]
    assert stopped.startswith(f"stopped, 8 of {TRIALS} cells done; to go on: spectralkit sweep --model gaussian")
    assert last == "spectralkit: terminated"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="how far a worker is, only Linux tells")
def test_ctrl_c_while_a_worker_starts_is_told_in_no_traceback(sweeping):
    """It reaches one of them alone here: who started it would end it, sooner or later than it can tell of anything."""
    with sweeping("--workers", "1") as sweep:
        deadline = time.monotonic() + PATIENCE
        while not (found := sweep.workers()) or not importing_torch(found[0]):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        found[0].send_signal(signal.SIGINT)
        (other,) = sweep.between()
        assert other not in found
        os.killpg(sweep.process.pid, signal.SIGINT)
        _, err = sweep.process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    assert f"stopped, 8 of {TRIALS} cells done; to go on: " in err
    assert ended([*found, other])


IDLE = """
import sys, time
from pathlib import Path
from spectralkit_bench.executors.member import Member

print(*(Member.start(Path(sys.argv[1]), 1).process.pid for _ in range(2)), flush=True)
time.sleep(600)
"""


def test_workers_that_wait_end_with_a_process_that_is_killed(tmp_path):
    store = Store.make(tmp_path / "store").directory
    with subprocess.Popen([sys.executable, "-c", IDLE, str(store)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        found = [psutil.Process(int(word)) for word in parent.stdout.readline().split()]
        parent.kill()
    assert len(found) == 2
    assert ended(found)


@pytest.mark.parametrize(
    ("serve", "told"),
    [
        (toys.die, r"3 workers have ended before they did anything \(exit code -9\): fewer --workers"),
        (toys.refuse, "a worker cannot go on, and said why"),
    ],
)
def test_workers_that_end_in_vain_end_the_sweep(tmp_path, monkeypatch, serve, told):
    monkeypatch.setattr(member, "serve", serve)
    store = Store.make(tmp_path / "store")
    store.add([toys.cell(i) for i in range(2)], grid="toy", plan={})
    with pytest.raises(ConfigurationError, match=told), Processes(2).crew(store) as crew:
        crew.run([toys.cell(i).key for i in range(2)], Blank())
    assert {record.state for record in store.records()} == {"waiting"}
