"""Tables: what is best, what comes close, and the same numbers in every form."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.plugins import MetricSpec
from spectralkit.running.document import as_json
from spectralkit_bench.apart import apart
from spectralkit_bench.tables.files import FORMS
from spectralkit_bench.tables.mark import Mark, marks
from spectralkit_bench.tables.notes import notes
from spectralkit_bench.tables.result import Result
from spectralkit_bench.tables.spread import Spread
from spectralkit_bench.tables.table import Column, Table, tabulate


def metric(*, higher: bool | None, best: float | None = None) -> MetricSpec:
    return MetricSpec(
        name="toy", target="toy:Toy", summary="a toy", inputs=("generated",), higher_is_better=higher, best=best
    )


UP, DOWN = metric(higher=True), metric(higher=False)


def document(seconds: float = 1.0, **scores: float | None) -> dict[str, object]:
    named = {name.replace("_", "-"): value for name, value in scores.items()}
    config = {"samples": 4, "steps": 5}
    cost = {"forwards": 10.0, "backwards": 0.0}
    facts = {"samples": 4, "device": "cpu", "config": config}
    return {"scores": named, "details": {name: {} for name in named}, "cost": cost, "seconds": seconds, **facts}


def line(method: str, *values: float | None, name: str = "psnr", **options: str) -> Result:
    documents = {seed: document(**{name.replace("-", "_"): value}) for seed, value in enumerate(values)}
    return Result(labels={"method": method}, method=method, documents=documents, **options)


def told(table: Table, form: str) -> str:
    return FORMS[form](table)


@pytest.mark.parametrize(
    ("values", "spec", "expected"),
    [
        ((10.0, 9.5, 9.49), UP, "best close none"),
        ((1.0, 1.0 / 0.95, 1.06), DOWN, "best close none"),
        ((2.0, 2.0, 1.0), UP, "best best none"),
        ((math.nan, 1.0, None), UP, "none best none"),
        ((-1.0, -0.99, 3.0), DOWN, "best none none"),
        ((0.2, 0.9, 1.3), metric(higher=None, best=1.0), "none best none"),
        ((0.2, 0.9, 1.3), metric(higher=None), "none none none"),
    ],
)
def test_the_best_and_what_comes_within_five_percent(values, spec, expected):
    assert [str(mark) for mark in marks(values, spec)] == expected.split()


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_both_directions_are_one_rule(values):
    """What is best or close among values is so among their inverses, in the other direction."""
    up, down = marks(values, UP), marks([1 / value for value in values], DOWN)
    assert [mark is Mark.BEST for mark in up] == [mark is Mark.BEST for mark in down]
    assert Mark.BEST in up


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6))
def test_deviations_are_those_of_a_sample(values):
    spread = Spread.of(values)
    assert spread.sd is not None
    assert math.isclose(spread.mean, statistics.fmean(values), abs_tol=1e-9)
    assert math.isclose(spread.sd, statistics.stdev(values), rel_tol=1e-9, abs_tol=1e-9)


def test_marks_are_written_in_every_form():
    table = tabulate("a title", [line("standard", 20.0, 22.0), line("taba", 20.5), line("ovg", 1.0)], ["a note"])
    markdown = told(table, "md")
    assert "| `standard` | **21.00 ± 1.41** |" in markdown
    assert "<u>20.50</u>" in markdown
    assert "- a note" in markdown
    latex = told(table, "tex")
    assert r"\textbf{21.00 $\pm$ 1.41}" in latex
    assert r"\underline{20.50}" in latex
    assert r"PSNR $\uparrow$" in latex
    (standard, *_) = csv.DictReader(io.StringIO(told(table, "csv")))
    assert (standard["method"], standard["psnr"], standard["seeds"]) == ("standard", "21.0", "0; 1")
    numbers = json.loads(told(table, "json"))["lines"]
    assert [one["scores"]["psnr"]["mark"] for one in numbers] == ["best", "close", "none"]
    assert numbers[0]["scores"]["psnr"]["values"] == [20.0, 22.0]


@pytest.mark.parametrize(("name", "title"), [("s-dc", "S_DC"), ("psnr", "PSNR"), ("kd-lite0", "kd-lite0")])
def test_a_column_is_called_as_its_metric_is(name, title):
    assert Column(name).title == title


def test_latents_that_were_drawn_do_not_compete():
    table = tabulate("", [line("standard", 0.5, name="s-dc"), line("sdedit", 0.9, name="s-dc")])
    assert "**0.500**" in told(table, "md")
    assert "(0.900)" in told(table, "md")


def test_rivals_compete_among_themselves_and_sections_have_headings():
    results = [line("standard", 1.0, rivals="a", section="First"), line("taba", 2.0, rivals="b", section="Second")]
    markdown = told(tabulate("", results), "md")
    assert "**1.00**" in markdown
    assert "**2.00**" in markdown
    assert "| *Second* |" in markdown


def test_a_refusal_is_a_line_with_its_reason():
    refused = Result(labels={"method": "direct"}, method="direct", refusals=("no such & such",))
    table = tabulate("", [line("standard", 1.0), refused])
    assert "| `direct` | refused: no such & such |" in told(table, "md")
    assert r"no such \& such" in told(table, "tex")


def test_a_score_that_is_not_finite_is_told_and_competes_with_nothing():
    table = tabulate("", [line("standard", None), line("taba", 1.0)])
    assert "| `standard` | not finite |" in told(table, "md")
    assert json.loads(as_json(json.loads(told(table, "json"))))["lines"][0]["scores"]["psnr"]["mean"] is None


@pytest.mark.parametrize(
    ("number", "told"), [(1, "1 sample, 1 step, seed 7, on cpu"), (2, "2 samples, 2 steps, seed 7, on cpu")]
)
def test_one_of_a_thing_is_told_as_one(number: int, told: str) -> None:
    document = {"config": {"samples": number, "steps": number}, "device": "cpu", "details": {}, "scores": {}}
    result = Result(labels={"method": "standard"}, method="standard", documents={7: document})
    assert notes([result])[0] == told


@given(st.lists(st.sampled_from(["a", "a-2", "a-2-2", "b"]), max_size=8))
def test_names_that_are_the_same_are_kept_apart(names: list[str]) -> None:
    found = apart(names)
    assert len(set(found)) == len(names)
    assert all(one.startswith(name) for one, name in zip(found, names, strict=True))
    assert names == found or len(set(names)) < len(names)
