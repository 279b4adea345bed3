"""``spectralkit sweep --sampler``: a search by Optuna, killed and gone on with, and what it finds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("optuna")

from hypothesis import given, settings
from hypothesis import strategies as st

from spectralkit.cli.main import main
from spectralkit.running.config import RunConfig
from spectralkit_bench.executors import work
from spectralkit_bench.store.store import Store
from spectralkit_bench.sweep.axis import axes
from spectralkit_bench.sweep.search import ROUND, SAMPLERS, Search
from spectralkit_bench.sweep.sweep import fronts
from spectralkit_bench.sweep.trial import Trial

VARIED = ("ovg.clip=0.1..1.0", "ovg.eta_hf=1.0..1e3:log", "taba.steps=1..2", "guidance=1,2")
TRIALS = 10  # two rounds
SEARCH = (
    *("sweep", "--model", "gaussian", "--dataset", "cells", "--steps", "2", "--samples", "1", "--metrics", "s-hf,s-lf"),
    *("--method", "ovg+taba", *(word for text in VARIED for word in ("--vary", text))),
    *("--sampler", "nsga2", "--trials", str(TRIALS), "--json", "--store"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a search, which the first to use it runs."""
    return tmp_path_factory.mktemp("whole") / "store"


def search(store: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*SEARCH, str(store), *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def valley(point: dict[str, Any]) -> dict[str, float]:
    """Two scores that pull apart: one is best at a = 0, the other at a = 1, and both at b = 1."""
    far = abs(point["b"] - 1)
    return {"s-hf": -abs(point["a"]) - far, "s-lf": -abs(point["a"] - 1) - far}


def searched(kind: str, seed: int, trials: int = 3 * ROUND) -> tuple[list[Any], list[Any]]:
    """The points that a search on :func:`valley` proposes, and their scores."""
    varied = axes(["x.a=-4.0..4", "x.b=0.01..100:log", "x.c='u','v'", "steps=2..5"])
    found = Search(axes=varied, kind=kind, trials=trials, seed=seed, objectives=("s-hf", "s-lf"))
    points, scores = [], []
    while proposed := found.propose():
        told = [valley({"a": point["x.a"], "b": point["x.b"]}) for point in proposed]
        found.learn(told)
        points += proposed
        scores += told
    return points, scores


@pytest.mark.parametrize("kind", SAMPLERS)
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(-(2**63), 2**63))
def test_proposals_lie_in_their_ranges_and_depend_on_the_seed_alone(kind, seed):
    points, _ = searched(kind, seed)
    assert points == searched(kind, seed)[0]
    assert points != searched(kind, seed + 1)[0]
    assert points[: ROUND + 2] == searched(kind, seed, ROUND + 2)[0]  # more trials go on with fewer
    assert len(points) == 3 * ROUND
    for point in points:
        assert -4 <= point["x.a"] <= 4
        assert 0.01 <= point["x.b"] <= 100
        assert point["x.c"] in {"u", "v"}
        assert point["steps"] in {2, 3, 4, 5}


@pytest.mark.parametrize("kind", ["tpe", "nsga2"])
def test_a_search_learns(kind):
    """The best of the later points is better than chance finds, over many seeds."""

    def best(which: str) -> float:
        return sum(max(sum(one.values()) for one in searched(which, seed, 6 * ROUND)[1]) for seed in range(8))

    assert best(kind) > best("random")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)) | st.none(), min_size=ROUND + 1, max_size=3 * ROUND))
def test_nothing_on_the_front_of_a_search_is_dominated(told):
    """Whatever the scores are, and where some points fail."""
    found = Search(axes=axes(["x.a=0.0..1"]), kind="nsga2", trials=len(told), seed=1, objectives=("s-hf", "s-lf"))
    trials: list[Trial] = []
    while points := found.propose():
        pairs = told[len(trials) :][: len(points)]
        scores = [{} if pair is None else dict(zip(("s-hf", "s-lf"), pair, strict=True)) for pair in pairs]
        found.learn(scores)
        trials += [
            Trial(values=point, config=RunConfig(), scores=one) for point, one in zip(points, scores, strict=True)
        ]
    assert len(trials) == len(told)
    for front in fronts(trials):
        for member in front.members:
            a, b = member.scores["s-hf"], member.scores["s-lf"]
            assert not any(pair is not None and pair[0] >= a and pair[1] >= b and pair != (a, b) for pair in told)


def test_a_killed_search_goes_on_elsewhere_and_ends_as_one_that_was_not(whole, tmp_path, capsys):
    store = tmp_path / "store"
    expected = search(whole, capsys)
    assert len(expected["trials"]) > ROUND
    process = subprocess.Popen([sys.executable, "-m", "spectralkit", *SEARCH, str(store)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (store / "workers").exists() or done(store) < ROUND:  # so that it dies in the second round
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = set(Store.open(store).documents(one["key"] for one in expected["trials"]))
    assert ROUND <= len(before) < len(expected["trials"])
    assert search(store, capsys, "--workers", "2") == expected


def done(store: Path) -> int:
    return sum(record.state == "done" for record in Store.open(store).records())


def test_what_is_done_is_never_done_again(whole, capsys, monkeypatch):
    before = search(whole, capsys)
    monkeypatch.setattr(work, "run_into", None)  # a call would fail
    assert search(whole, capsys) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--vary", "ovg.cilp=0.1..1"), "cilp"),
        (("--vary", "ovg.clip=1..0.1"), "reversed"),
        (("--vary", "ovg.clip=0..1:log"), "not above 0"),
        (("--vary", "steps=1.5..2.5"), "steps"),
        (("--vary", "ovg.clip=0.1..1", "--trials", "0"), "--trials must be at least 1"),
        (("--vary", "ovg.clip=0.1..1", "--metrics", "psnr,s-hf"), "needs the scores of a front"),
    ],
)
def test_bad_input_is_one_line(words, told, tmp_path, capsys):
    toy = ("--model", "gaussian", "--dataset", "cells", "--steps", "3", "--samples", "2", "--method", "ovg")
    assert main(["sweep", *toy, "--sampler", "tpe", *words, "--store", str(tmp_path / "store")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert told in line
    assert not (tmp_path / "store").exists()


def test_without_optuna_one_line_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "spectralkit_bench.sweep.search")
    assert main([*SEARCH, str(tmp_path / "store")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "pip install 'spectralkit-bench[optuna]'" in line
