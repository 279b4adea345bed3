"""``spectralkit sweep``: every combination, the fronts, and a command that gives the chosen point again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError
from spectralkit.running.config import RunConfig
from spectralkit_bench.executors import work
from spectralkit_bench.sweep.axis import Axis, axes, configured
from spectralkit_bench.sweep.front import chosen, front
from spectralkit_bench.sweep.objectives import objectives
from spectralkit_bench.sweep.sampler import Combinations
from spectralkit_bench.sweep.span import Span

POINTS = st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=12)
TOY = ("--model", "gaussian", "--dataset", "cells", "--steps", "3", "--samples", "2", "--metrics", "s-hf,s-lf")


def test_values_are_literals_and_commas_in_brackets_are_theirs():
    assert Axis.read("ovg.clip=0.5, 1") == Axis("ovg.clip", (0.5, 1))
    assert Axis.read("inversion-guidance=1,2").name == "inversion_guidance"
    assert Axis.read("x.y=(1, 2),'a'").values == ((1, 2), "a")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("10..50", Span(10, 50)),
        ("0.1..2", Span(0.1, 2)),
        ("-1..1.", Span(-1, 1.0)),
        ("1e-3..1e4:log", Span(1e-3, 1e4, log=True)),
        (".5..5e1", Span(0.5, 50.0)),
    ],
)
def test_a_range_has_two_ends_and_may_be_logarithmic(text, span):
    assert Axis.read(f"ovg.clip={text}").values == span


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2..1", "reversed"),
        ("1..1.0", "empty"),
        ("0..1:log", "not above 0"),
        ("-1..1:log", "not above 0"),
        ("1..", "write LOW..HIGH"),
        ("..1", "write LOW..HIGH"),
        ("1..x", "write LOW..HIGH"),
        ("1..2:lin", "write LOW..HIGH"),
        ("1..1e999", "too large"),
        ("1..2,5", "stands alone"),
    ],
)
def test_an_impossible_range_is_told(text, told):
    with pytest.raises(ConfigurationError, match=told):
        Axis.read(f"ovg.clip={text}")


@pytest.mark.parametrize("text", ["../data", "a..b", "'1..2'"])
def test_text_with_dots_is_no_range(text):
    assert Axis.read(f"dataset.root={text}").values == (text.strip("'"),)


@pytest.mark.parametrize("text", ["ovg.clip", "ovg.clip=", "clip=1", "ovg.=1", ".clip=1", "seed=1,2"])
def test_a_malformed_axis_is_told(text):
    with pytest.raises(ConfigurationError, match="write PART"):
        Axis.read(text)


def test_parameters_of_methods_go_into_the_expression_and_win():
    base = RunConfig(method="ovg(clip=9.0)+taba", settings={"ovg": {"clip": 8.0}, "model": {"floor": 1.0}})
    points = Combinations(axes(["ovg.clip=0.5,1.0", "steps=3", "model.floor=0.1"])).propose()
    configs = [configured(base, point) for point in points]
    assert [config.method for config in configs] == ["ovg(clip=0.5)+taba", "ovg(clip=1.0)+taba"]
    assert points[0] == {"ovg.clip": 0.5, "steps": 3, "model.floor": 0.1}
    assert configs[0].steps == 3
    assert configs[0].settings == {"ovg": {}, "model": {"floor": 0.1}}


def test_a_search_is_for_all_fronts_whose_scores_are_measured():
    assert objectives(("psnr", "s-lf", "s-hf")) == ("s-hf", "s-lf")
    assert objectives(("s-hf", "s-lf", "kd-lite0")) == ("s-hf", "s-lf", "kd-lite0")
    with pytest.raises(ConfigurationError, match="--metrics"):
        objectives(("s-hf", "kd-lite0"))


@given(POINTS)
def test_no_point_of_the_front_is_beaten_and_every_other_is(points):
    members = front(points)

    def beats(a, b):
        return a[0] >= b[0] and a[1] >= b[1] and a != b

    for i, point in enumerate(points):
        assert (i in members) == (not any(beats(other, point) for other in points))
    assert chosen(points) in members


@given(POINTS, st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_the_choice_does_not_depend_on_the_unit_of_a_score(points, factor):
    """Powers of two, so that no round-off is in it; none of the numbers is so small that it would vanish."""
    kept = [(round(x, 3), round(y, 3)) for x, y in points]
    assert chosen([(factor * x, y) for x, y in kept]) == chosen(kept)


def test_the_chosen_point_can_be_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "ovg+taba", "--vary", "ovg.clip=0.25,1.0", "--vary", "taba.steps=1,2"]
    assert main(["sweep", *TOY, *words, "--store", str(tmp_path / "store"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["trials"]) == 4
    (found,) = told["fronts"]
    best = next(one for one in told["trials"] if one["key"] == found["chosen"]["key"])
    command = shlex.split(found["chosen"]["command"])
    assert main([*command[1:], "--out", str(tmp_path / "again"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == best["scores"]


def test_sweeps_that_differ_have_a_table_each(tmp_path, capsys):
    store = str(tmp_path / "store")
    for words in (["taba"], ["ovg+taba"], ["taba", "--seed", "7"]):
        vary = ["--vary", "taba.steps=1", "--store", store, "--quiet"]
        assert main(["sweep", *TOY, "--method", *words, *vary]) == 0
    assert main(["bench", "table", "--store", store]) == 2
    sweep, on = "sweep of taba.steps", "gaussian, cells, steps 3, samples 2"
    names = ", ".join((f"{sweep}: ovg+taba on {on}", f"{sweep}: taba on {on}", f"{sweep}: taba on {on}, seed 7"))
    assert f"name one with --grid ({names})" in capsys.readouterr().err


def test_a_report_of_the_points_lies_in_the_store(tmp_path, capsys):
    store = tmp_path / "store"
    words = ["sweep", *TOY, "--method", "taba", "--vary", "taba.steps=1,2", "--store", str(store), "--report"]
    assert main(words) == 0
    assert f"report   {store / 'report.html'}" in capsys.readouterr().out
    page = (store / "report.html").read_text()
    assert "taba(steps=1)" in page
    assert "taba(steps=2)" in page
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reports"] == [str(store / "report.html")]


def test_failed_points_are_told_and_run_once_more_where_that_is_asked(tmp_path, capsys, monkeypatch):
    """Once, though a search proposes them in every one of its rounds."""
    pytest.importorskip("optuna")
    tried: list[str] = []

    def fail(directory: Path, config: RunConfig, **named: object) -> None:
        tried.append(config.method)
        raise ConfigurationError("no luck")

    store = str(tmp_path / "store")
    words = ["sweep", *TOY, "--method", "taba", "--vary", "taba.steps=1..2", "--store", store, "--quiet"]
    words += ["--sampler", "random", "--trials", "20"]
    with monkeypatch.context() as patched:
        patched.setattr(work, "run_into", fail)
        for more, runs in ((), 2), ((), 2), (("--retry",), 4):
            assert main([*words, *more]) == 2
            (line,) = capsys.readouterr().err.strip().splitlines()
            assert f"2 of 2 cells have failed: `spectralkit bench ls --state failed --store {store}`" in line
            assert len(tried) == runs
    assert main([*words, "--retry"]) == 0


def test_a_point_that_cannot_be_run_is_a_line_with_its_reason(tmp_path, capsys):
    words = ["--method", "ovg", "--vary", "steps=0,3", "--store", str(tmp_path / "store")]
    assert main(["sweep", *TOY, *words, "--json"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith("1 of 2 points cannot be run, steps=0: ")
    refused, done = json.loads(out)["trials"]
    assert "steps" in refused["error"]
    assert (refused["key"], refused["command"], done["error"]) == ("", "", "")
    assert main(["bench", "table", "--store", str(tmp_path / "store"), "--json"]) == 0
    assert [len(line["refusals"]) for line in json.loads(capsys.readouterr().out)["lines"]] == [1, 0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--vary", "ovg.cilp=1"), "cilp"),
        (("--vary", "x"), "malformed --vary"),
        (("--vary", "steps=0"), "steps"),
        (("--vary", "steps=1,2", "--vary", "steps=3"), "twice"),
        (("--vary", "steps=1..3"), "a grid has no ranges"),
        (("--vary", "steps=1,2", "--trials", "3"), "--trials belongs to a search"),
    ],
)
def test_bad_input_is_one_line(words, told, tmp_path, capsys):
    assert main(["sweep", *TOY, "--method", "ovg", *words, "--store", str(tmp_path / "store")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert told in line
    assert not (tmp_path / "store").exists()
