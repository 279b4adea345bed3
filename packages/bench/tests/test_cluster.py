"""A real Ray cluster on this machine: the same table as without it, whatever becomes of its workers."""

from __future__ import annotations

import io
import os
import signal
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import bench_toys as toys
import psutil
import pytest

pytest.importorskip("ray")

import ray
from ray.exceptions import OutOfMemoryError, OwnerDiedError

from spectralkit.errors import ConfigurationError
from spectralkit.running.loader import Keeping
from spectralkit.running.portion import Portion, Shard
from spectralkit_bench.executors.actor import Returned
from spectralkit_bench.executors.board import Blank
from spectralkit_bench.executors.cluster import Cluster, check_reachable
from spectralkit_bench.executors.crew import Crew, Job, Team
from spectralkit_bench.executors.local import InProcess
from spectralkit_bench.executors.losses import LOSSES
from spectralkit_bench.grid.grid import Grid
from spectralkit_bench.grid.plan import resolve
from spectralkit_bench.store.store import Store

pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own, of Python's subprocesses and of its environment


def scores(store: Store, keys: list[str]) -> dict[str, dict[str, float]]:
    return {key: document["scores"] for key, document in store.documents(keys).items()}


def kill_one_at_work(store: Store, killed: list[int]) -> None:
    """SIGKILL one of the actors as soon as a cell is done."""
    while not any((store.directory / "runs").iterdir()):
        time.sleep(0.05)
    (victim, *_) = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.cmdline() and "Runner" in child.cmdline()[0]
    ]
    os.kill(victim.pid, signal.SIGKILL)
    killed.append(victim.pid)


def test_a_cluster_of_two_gives_the_table_of_one_process_though_one_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hired: list[Any] = []
    hire = Crew._hired
    monkeypatch.setattr(Crew, "_hired", lambda crew: hired.append(hire(crew)) or hired[-1])
    loader = Keeping()
    grid = Grid.read(toys.written(tmp_path, toys.GRID.replace("[1, 2]", "[1, 2, 3]")))
    plan, cells = resolve(grid, loader, lambda lines: None)
    keys = [cell.key for cell in cells]
    stores = [Store.make(tmp_path / name) for name in ("local", "cluster")]
    for store in stores:
        store.add(cells, grid="toy", plan=plan.as_table())
    with InProcess(loader).crew(stores[0]) as crew:
        crew.run(keys, Blank())
    killed: list[int] = []
    threading.Thread(target=lambda: kill_one_at_work(Store.open(stores[1].directory), killed), daemon=True).start()
    with Cluster(team=Team(workers=2, shards=2, loader=loader)).crew(stores[1]) as actors:
        for some in (keys[:4], keys):  # in two rounds
            actors.run(some, Blank())
    assert killed
    assert len(hired) == 3  # and one in the place of that which was killed
    assert len(scores(stores[1], keys)) == 7
    for key, found in scores(stores[1], keys).items():
        assert found == pytest.approx(scores(stores[0], keys)[key], abs=1e-6)


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    """Nobody yet, in whose hands a cell is."""
    store = Store.make(tmp_path / "store")
    store.add([toys.cell(1)], grid="toy", plan={})
    crew = Crew(Team(workers=1, loader=Keeping()), store, "this")
    crew.returned[toys.cell(1).key] = {}
    return crew


def test_what_fails_when_shards_are_merged_is_the_cells_own_failure(crew: Crew) -> None:
    job = Job(toys.cell(1), Shard(0, 1))
    archive = io.BytesIO()
    tarfile.open(fileobj=archive, mode="w").close()
    crew._keep(job, Returned(archive.getvalue(), Portion()))  # of a configuration that fits no model
    assert "translates sketch into cells" in crew.store.errors[job.cell.key]


@pytest.mark.parametrize(
    "lost", [OwnerDiedError("", "", ""), OutOfMemoryError("no memory"), OSError(28, "No space left on device")]
)
def test_whatever_ray_loses_is_given_to_another_and_at_last_told(crew: Crew, lost: Exception, monkeypatch: Any) -> None:
    job = Job(toys.cell(1), Shard(0, 1))

    def get(reference: object) -> None:
        raise lost

    monkeypatch.setattr(ray, "wait", lambda references, timeout: (references, []))
    monkeypatch.setattr(ray, "get", get)
    monkeypatch.setattr(Crew, "_give", lambda crew: None)
    for again in range(LOSSES):
        assert not crew.store.errors
        crew.busy = {"reference": (None, job)}
        crew.collect()
        assert list(crew.waiting) == ([job] if again < LOSSES - 1 else [])
        crew.waiting.clear()
    assert f"lost {LOSSES} times" in crew.store.errors[job.cell.key]
    assert not crew.free  # it may be gone


@pytest.mark.parametrize(
    ("address", "told"),
    [("127.0.0.1:1", "no Ray cluster at"), ("here", "HOST:PORT"), ("h:x", "HOST:PORT"), ("h:99999", "HOST:PORT")],
)
def test_an_address_where_nobody_answers_is_told_at_once(address: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        check_reachable(address)
