"""Metrics whose files are not on this machine: told by every command, before anything is loaded or written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spectralkit.cli.main import main
from spectralkit.errors import DataError
from spectralkit.running.assembly import assemble
from spectralkit.running.config import RunConfig

LEARNED = """
import os

def lacks(net: str = "small", depth: int = 1):
    if os.path.exists(f"{net}{depth}.weights"):
        return None
    return f"{net}{depth}.weights is not in .: place it there"

def strange():
    return 3

def build(targets=None, net: str = "small", depth: int = 1, unheard: int = 0):
    raise AssertionError("built")

@hookimpl
def spectralkit_metrics():
    learned = {"target": "acme_learned:build", "summary": "Learned", "inputs": ("generated",),
               "higher_is_better": False}
    return [
        MetricSpec(name="far", lacks="acme_learned:lacks", **learned),
        MetricSpec(name="kin", lacks="acme_learned:lacks", **learned),
        MetricSpec(name="odd", lacks="acme_learned:strange", **learned),
    ]
"""
RUN = ["run", "--model", "gaussian", "--set", "model.process=toy", "--dataset", "toy", "--out", "out"]


@pytest.fixture
def learned(here: Path, install: Callable[..., str]) -> Path:
    """Metrics that need a file which is not there."""
    install("acme-learned", "learned", LEARNED)
    Path("made").mkdir()
    return here


@pytest.mark.parametrize("command", [RUN, ["evaluate", "--generated", "made", "--out", "out"]])
def test_all_that_is_absent_is_told_at_once_and_nothing_is_written(
    command: list[str], learned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--metrics", "far,kin,far", "--set", "kin.net=large", "--set", "far.unheard=1"]
    assert main([*command, *given]) == 2
    told = "far: small1.weights is not in .: place it there; kin: large1.weights is not in .: place it there"
    assert capsys.readouterr().err == f"spectralkit: error: {told}\n"
    assert main([*command, "--metrics", "far,kin"]) == 2
    assert capsys.readouterr().err == "spectralkit: error: far, kin: small1.weights is not in .: place it there\n"
    assert [path.name for path in learned.iterdir()] == ["made"]


def test_what_a_parameter_may_be_is_told_first(learned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--metrics", "far", "--set", "far.depth=deep"]) == 2
    assert capsys.readouterr().err == "spectralkit: error: metric 'far': depth must be int, got 'deep' (str)\n"


def test_a_run_from_python_hears_of_it_before_its_data_are_loaded(learned: Path) -> None:
    with pytest.raises(DataError, match=r"^far: small1\.weights is not in"):
        assemble(RunConfig(dataset="unheard-of", metrics=("far",)))


def test_a_plugin_that_cannot_tell_is_named(learned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--metrics", "odd"]) == 2
    assert "metric 'odd' of acme-learned 1.0 breaks its contract" in capsys.readouterr().err


def test_it_is_described_and_listed(learned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def described() -> dict[str, Any]:
        assert main(["describe", "metric", "far", "--json"]) == 0
        return dict(json.loads(capsys.readouterr().out))

    told = "small1.weights is not in .: place it there"
    assert described()["lacks"] == told
    assert main(["describe", "metric", "far"]) == 0
    assert f"lacks             {told}\n" in capsys.readouterr().out
    assert main(["metrics"]) == 0
    *_, line = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"files are absent of far, .*kin, .*odd: `spectralkit describe metric NAME` says .*", line)
    assert main(["metrics", "--json"]) == 0
    listed = {entry["name"]: entry.get("lacks") for entry in json.loads(capsys.readouterr().out)}
    assert (listed["far"], listed["toy-mse"]) == (told, None)
    assert "expected text or None" in listed["odd"]
    Path("small1.weights").touch()
    assert "lacks" not in described()
    assert main(["describe", "metric", "far"]) == 0
    assert "lacks" not in capsys.readouterr().out
