"""The cache never changes an answer and never stops one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spectralkit_metrics_spectral.cache import forget, recall_or

KEY = {"k": 5, "version": 1}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("spectralkit_metrics_spectral.cache.user_cache_path", lambda _: tmp_path)
    forget()
    return tmp_path


class Counter:
    """Counts how often the numbers were computed."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, float]:
        self.calls += 1
        return {"tau": 1.5}


def test_computed_once_and_kept_across_processes(folder: Path) -> None:
    compute = Counter()
    for _ in range(3):
        assert recall_or(compute, "thing", KEY) == {"tau": 1.5}
        forget()
    assert compute.calls == 1
    recall_or(compute, "thing", {**KEY, "k": 7})
    assert compute.calls == 2
    assert {path.suffix for path in (folder / "thing").iterdir()} == {".json"}  # no temporary file is left


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", "\x00\xff", '{"key": "other", "values": {"tau": 9.0}}', '{"values": {"tau": 9.0}}'],
)
def test_a_corrupt_file_is_computed_again_and_replaced(folder: Path, damage: str) -> None:
    compute = Counter()
    recall_or(compute, "thing", KEY)
    (path,) = (folder / "thing").iterdir()
    path.write_text(damage, encoding="utf-8")
    forget()
    assert recall_or(compute, "thing", KEY) == {"tau": 1.5}
    assert compute.calls == 2
    assert json.loads(path.read_text(encoding="utf-8"))["values"] == {"tau": 1.5}


@pytest.mark.parametrize("values", [{"tau": float("nan")}, {"tau": "many"}, {}, 3])
def test_impossible_numbers_are_not_believed(folder: Path, values: object) -> None:
    recall_or(Counter(), "thing", KEY)
    (path,) = (folder / "thing").iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "values": values}), encoding="utf-8")
    forget()
    assert recall_or(Counter(), "thing", KEY) == {"tau": 1.5}


def test_a_folder_that_cannot_be_written_does_not_stop_the_answer(folder: Path) -> None:
    (folder / "thing").write_text("a file where the folder should be")
    compute = Counter()
    assert recall_or(compute, "thing", KEY) == {"tau": 1.5}
    assert recall_or(compute, "thing", KEY) == {"tau": 1.5}
    assert compute.calls == 1  # the memory still serves
