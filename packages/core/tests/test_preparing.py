"""Downloads that are validated and indexed: the index, and the command around what a data set names for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.pictures.dividing import apart, digest_of_name, halves
from spectralkit.pictures.indexing import Found, Index, Unit

VERSION = 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / f"root/{name}").mkdir(parents=True)
        for number in range(3):
            (tmp_path / f"root/{name}/{number}.txt").write_text(f"{name}{number}")
    return tmp_path / "root"


def units(root: Path) -> list[Unit]:
    return [Unit(name, tuple(root / name / f"{number}.txt" for number in range(3))) for name in ("a", "b", "c")]


@attrs.define
class Looker:
    """Reads a unit's files, and remembers which units it was asked for."""

    asked: list[str] = attrs.field(factory=list)

    def __call__(self, unit: Unit) -> Found:
        self.asked.append(unit.name)
        there = [path for path in unit.files if path.is_file()]
        missing = [path for path in unit.files if path not in there]
        return Found([path.read_text() for path in there], [f"{path} is missing" for path in missing])


def make(root: Path, look: Callable[[Unit], Found], version: int = VERSION) -> Index:
    index = Index.of("toy", root, None, version)
    index.make(units(root), look, lambda line: None, [])
    return index


def test_only_units_whose_files_have_changed_are_looked_at_again(root: Path) -> None:
    look = Looker()
    index = make(root, look)
    assert look.asked == ["a", "b", "c"]
    assert index.rows("stop") == [f"{name}{number}" for name in "abc" for number in range(3)]
    assert index.rows("stop", lambda unit: unit == "b") == ["b0", "b1", "b2"]
    look.asked.clear()
    make(root, look)
    assert look.asked == []
    (root / "b/1.txt").write_text("another")
    os.utime(root / "c/0.txt", (1, 1))
    assert make(root, look).rows("stop")[4] == "another"
    assert look.asked == ["b", "c"]
    look.asked.clear()
    make(root, look, version=2)
    assert look.asked == ["a", "b", "c"]


@pytest.mark.parametrize("done", [0, 1, 2])
def test_whoever_is_stopped_goes_on(done: int, root: Path) -> None:
    def look(unit: Unit) -> Found:
        if unit.name == "abc"[done]:
            raise KeyboardInterrupt
        return Found([], [])

    with pytest.raises(KeyboardInterrupt):
        make(root, look)
    with pytest.raises(DataError, match=f"has not been indexed: spectralkit datasets prepare toy {root}"):
        Index.of("toy", root, None, VERSION).rows("stop")
    rest = Looker()
    make(root, rest)
    assert rest.asked == list("abc"[done:])


def test_what_is_half_written_or_of_another_version_is_seen(root: Path) -> None:
    index = make(root, Looker())
    with pytest.raises(DataError, match="was indexed by another version"):
        Index.of("toy", root, None, 2).rows("stop")
    whole = (index.folder / "b.json").read_bytes()
    (index.folder / "b.json").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="has a damaged index: spectralkit datasets prepare"):
        index.rows("stop")
    again = Looker()
    make(root, again)
    assert again.asked == ["b"]
    with pytest.raises(DataError, match="no folder at"):
        Index.of("toy", root / "nowhere", None, VERSION).rows("stop")


def test_problems_stop_it_or_are_all_told(root: Path) -> None:
    (root / "a/0.txt").unlink()
    (root / "c/2.txt").unlink()
    index = make(root, Looker())
    with pytest.raises(DataError, match=r"^2 problems: .*a/0.txt is missing; .*c/2.txt is missing: repair"):
        index.rows("stop")
    assert len(index.rows("stop", lambda unit: unit == "b")) == 3
    with pytest.warns(UserWarning, match="left out: ") as warned:
        assert len(index.rows("skip")) == 7
    assert len(warned) == 2


def test_an_index_that_cannot_be_written_is_told(root: Path) -> None:
    (root / ".spectralkit").write_text("in the way")
    with pytest.raises(ConfigurationError, match=r"cannot write the index in .*a file is in the way"):
        make(root, Looker())


@given(names=st.sets(st.text(max_size=5), max_size=30), held_out=st.floats(0.01, 0.99) | st.just(1.0))
def test_halves_are_disjoint_and_whole(names: set[str], held_out: float) -> None:
    things = [f"{name}/{i}" for name in sorted(names) for i in range(2)]
    parts = attrs.astuple(halves(things, lambda thing: digest_of_name(thing[:-2]), held_out), recurse=False)
    assert sorted(thing for part in parts for thing in part) == sorted(things)
    groups = [{thing[:-2] for thing in part} for part in parts]
    assert sum(map(len, groups)) == len(set.union(*groups))


@given(parts=st.tuples(*[st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=9)] * 3))
@pytest.mark.filterwarnings("ignore:left out")
def test_no_content_is_in_two_parts(parts: Any) -> None:
    found = attrs.astuple(apart(*parts, lambda thing: thing[0]), recurse=False)
    contents = [{content for content, _ in part} for part in found]
    assert sum(map(len, contents)) == len(set.union(*contents))
    assert set.union(*contents) == {content for part in parts for content, _ in part}  # none is left out everywhere
    assert found[0] == parts[0]
    assert all(set(kept) <= set(given) for kept, given in zip(found, parts, strict=True))


def test_copies_are_counted() -> None:
    with pytest.warns(UserWarning, match="left out: 2 training pictures that are copies"):
        apart(["a"], ["a", "b"], ["b", "c"], str)


# --- the command ---


SOURCE = """
from spectralkit.data import Prepared
from spectralkit.plugins import DatasetSpec

def made(): ...

def prepare(root, tell, limit: int = 3):
    tell("counting")
    files = sorted(root.rglob("*.txt"))
    return Prepared({"files": len(files[:limit])}, [f"{path} is one too many" for path in files[limit:]])

def nothing(root, tell): ...

def failing(root, tell): raise ZeroDivisionError

@hookimpl
def spectralkit_datasets():
    named = {"acme": "prepare", "acme-nothing": "nothing", "acme-failing": "failing"}
    spec = {"target": f"{__name__}:made", "summary": ""}
    return [
        *(DatasetSpec(name=name, prepare=f"{__name__}:{target}", **spec) for name, target in named.items()),
        DatasetSpec(name="acme-plain", **spec),
    ]
"""


@pytest.fixture
def acme(install: Any) -> None:
    install("acme-data", "acme", SOURCE)


@pytest.mark.usefixtures("acme")
def test_what_is_found_is_told_and_problems_end_with_2(root: Path, capsys: Any) -> None:
    prepare = ["datasets", "prepare", "acme", str(root)]
    assert main([*prepare, "--set", "dataset.limit=9"]) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["what", "good", "files", "9"]
    assert told.err == "counting\n"
    assert main(prepare) == 2
    told = capsys.readouterr()
    assert told.out.count("is one too many") == 6
    assert told.err.count("\n") == 2
    assert f"6 problems in {root}: repair and prepare it again, or leave them out by" in told.err
    assert main([*prepare, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["counts"] == {"files": 3}
    assert len(document["problems"]) == 6


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["acme"], "preparing needs a data set and the folder of its files"),
        (["acme", "nowhere"], "no folder at nowhere: name the one that data set 'acme' was downloaded to"),
        (["acme-plain", "."], "data set 'acme-plain' needs no preparation"),
        (
            ["acme", ".", "--set", "dataset.limits=1"],
            "data set 'acme' takes no parameter 'limits': it has limit",
        ),
        (["acme", ".", "--set", "dataset.limit=x"], "limit must be int, got 'x'"),
        (["acme-nothing", "."], "breaks its contract: 'prepare' returned None, expected a Prepared"),
        (["acme-failing", "."], "'acme-failing' of acme-data 1.0 failed: ZeroDivisionError"),
        (["acmee", "."], "did you mean 'acme'"),
    ],
)
def test_what_cannot_be_prepared_is_told_in_a_line(words: list[str], told: str, capsys: Any) -> None:
    assert main(["datasets", "prepare", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


def test_a_preview_takes_no_folder(capsys: Any) -> None:
    assert main(["datasets", "preview", "toy", "folder", "--out", "x.png"]) == 2
    assert "a preview takes no ROOT" in capsys.readouterr().err
