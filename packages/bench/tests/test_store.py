"""A store keeps what is done, gives each cell to one worker, and takes back what dead ones held."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import bench_toys as toys
import pytest

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.stops import Stopped
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.store import database, worker
from spectralkit_bench.store.place import check_place
from spectralkit_bench.store.store import INDEX, Store

HOLDER = """
import sys, time
from pathlib import Path
from spectralkit_bench.store.store import Store
store = Store.open(Path(sys.argv[1]))
with store.working() as name:
    print(store.claim(sys.argv[2:], name).key, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.make(tmp_path / "store")
    made.add([toys.cell(i) for i in range(3)], grid="toy", plan={})
    return made


@pytest.fixture
def keys() -> list[str]:
    return [toys.cell(i).key for i in range(3)]


def states(store: Store) -> list[str]:
    return [record.state for record in store.records()]


def test_a_cell_is_given_to_one_worker(store, keys):
    with store.working() as one, Store.open(store.directory).working() as other:
        assert [store.claim(keys, name).key for name in (one, other, one)] == keys
        assert store.claim(keys, other) is None


def test_what_is_done_is_found_again_and_not_given_out(store, keys):
    with store.working() as name:
        assert store.claim(keys, name) == toys.cell(0)
        toys.done(store, 0)
        assert store.claim(keys, name) == toys.cell(1)
        store.fail(keys[1], "a reason")
    again = Store.make(store.directory)
    again.add([toys.cell(i) for i in range(3)], grid="toy", plan={})
    assert states(again) == ["done", "failed", "waiting"]
    assert again.documents(keys) == {keys[0]: {"seconds": 1.0, "scores": {"psnr": 0.0}}}
    assert again.records()[1].error == "a reason"
    again.retry(keys)
    assert states(again) == ["done", "waiting", "waiting"]


def test_the_cell_of_a_killed_worker_is_given_out_again(store, keys):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store.directory), *keys], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == keys[0]
        with store.working() as name:
            assert store.claim(keys[:1], name) is None  # its worker lives
            with pytest.raises(ConfigurationError, match="is being run by"):
                store.remove(keys[0])
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            assert states(store)[0] == "waiting"
            assert store.counts(keys).running == 0
            assert store.claim(keys[:1], name) == toys.cell(0)
            assert states(store)[0] == "running"


def test_a_removed_cell_is_forgotten_with_its_results(store, keys):
    with store.working() as name:
        store.claim(keys, name)
        toys.done(store, 0)
    store.remove(keys[0])
    assert [record.key for record in store.records()] == keys[1:]
    assert not store.place(keys[0]).exists()


def test_keys_are_found_by_their_beginning(store):
    assert store.find(f"{2:064d}").key == toys.cell(2).key
    for prefix in ("0", "7", "*"):
        with pytest.raises(ConfigurationError, match="`spectralkit bench ls` lists them"):
            store.find(prefix)


def test_a_store_of_another_version_is_refused(store):
    with sqlite3.connect(store.directory / INDEX) as connection:
        connection.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    with pytest.raises(DataError, match=r"is of version 2, this program reads 1: use the spectralkit-bench"):
        Store.open(store.directory)


def test_strangers_files_are_refused(store, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("")
    with pytest.raises(ConfigurationError, match="is no store, and not empty"):
        Store.make(tmp_path / "full")
    with pytest.raises(ConfigurationError, match="there is no store"):
        Store.open(tmp_path / "absent")
    (store.directory / INDEX).write_bytes(b"no database, but long enough to be read as the header of one" * 9)
    with pytest.raises(DataError, match="is damaged"):
        Store.open(store.directory)


def test_a_place_that_cannot_be_a_store_is_refused_and_another_is_left_as_it_is(store, tmp_path, monkeypatch):
    check_place(store.directory)
    check_place(tmp_path / "new" / "store")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "store"):
        with pytest.raises(ConfigurationError, match="a file is in the way"):
            check_place(place)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)  # root may write everywhere
    with pytest.raises(ConfigurationError, match=f"{tmp_path} cannot be written"):
        check_place(tmp_path / "new" / "store")


@pytest.mark.parametrize(
    ("damage", "read"),
    [
        ("""UPDATE cells SET config = '{"method": "x"}'""", lambda store: store.records()),
        ("""UPDATE cells SET config = '{"from the future": 1}'""", lambda store: store.claim([toys.cell(0).key], "me")),
        ("UPDATE cells SET document = '{', state = 'done'", lambda store: store.documents([toys.cell(0).key])),
        ("UPDATE cells SET facts = '3'", lambda store: store.find("0" * 63 + "1")),
        ("UPDATE grids SET plan = ''", lambda store: store.plan("toy")),
        ("UPDATE grids SET plan = '{}'", lambda store: Plan.of(store.plan("toy"))),
    ],
)
def test_what_another_version_wrote_is_told(store, damage, read):
    store.database.connection.execute(damage)
    with pytest.raises(DataError, match="cannot be read"):
        read(store)
    assert not store.database.connection.in_transaction


def test_a_store_whose_index_is_gone_is_not_taken_for_an_empty_one(store, keys):
    with store.working() as name:
        store.claim(keys, name)
        toys.done(store, 0)
    (store.directory / INDEX).unlink()
    with pytest.raises(ConfigurationError, match=r"has no store\.sqlite: `spectralkit bench run` makes it anew"):
        Store.open(store.directory)
    assert not (store.directory / INDEX).exists()
    Store.make(store.directory)
    assert not Store.open(store.directory).records()


def test_a_store_that_somebody_holds_is_told(store):
    with sqlite3.connect(store.directory / INDEX) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConfigurationError, match="another process holds it: wait for it"):
            Store.open(store.directory, patience=0.1)


def test_a_signal_is_heard_while_a_store_is_waited_for(store, request):
    def stop(number: int, frame: object) -> None:
        raise Stopped(number)

    before = signal.signal(signal.SIGALRM, stop)
    request.addfinalizer(lambda: signal.signal(signal.SIGALRM, before))
    with sqlite3.connect(store.directory / INDEX) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Stopped):
            Store.open(store.directory, patience=60)
        assert time.monotonic() - started < 30


def test_a_full_disk_is_told_and_loses_nothing(store, keys):
    """The index may not grow by a page: SQLite says the disk is full, as it would of a real one."""
    connection = store.database.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(ConfigurationError, match="full: free some space; nothing is lost"):
        store.add([toys.cell(i) for i in range(3, 5000)], grid="toy", plan={})
    assert [record.key for record in store.records()] == keys


def test_locks_of_dead_workers_are_swept(store):
    path = store.directory / "workers" / "gone-1-abc.lock"
    path.touch()
    Store.open(store.directory)
    assert not path.exists()


def test_a_worker_that_cannot_be_looked_at_is_not_taken_for_dead(store, keys, monkeypatch):
    def deny(path: object, *flags: object) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    with store.working() as one, store.working() as other:
        assert store.claim(keys[:1], one) == toys.cell(0)
        with monkeypatch.context() as patch:
            patch.setattr(worker.os, "open", deny)
            assert store.claim(keys[:1], other) is None
            worker.sweep(store.directory / "workers")
        assert (store.directory / "workers" / f"{one}.lock").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigurationError, match="check who may read and write there"):
        Store.make(tmp_path / "store")


def test_opening_does_not_wait_for_many_cells(tmp_path):
    """Two thousand cells open in a small part of what making them takes."""
    store = Store.make(tmp_path / "store")
    store.add([toys.cell(i) for i in range(2000)], grid="toy", plan={})
    started = time.process_time()
    assert len(Store.open(store.directory).records()) == 2000
    assert time.process_time() - started < 1
