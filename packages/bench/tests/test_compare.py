"""``spectralkit compare``: methods on one model and data set."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest
import torch
from PIL import Image
from torch import nn

from spectralkit.api import load_dataset, load_model
from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError
from spectralkit.models.latent import LatentCodec
from spectralkit.running.run import run
from spectralkit_bench.cells.randomness import is_random
from spectralkit_bench.comparison import compare
from spectralkit_bench.comparison.entry import Entry, entries, outer
from spectralkit_bench.finding import finished
from spectralkit_bench.finished import Finished
from spectralkit_bench.report.finding import lacking

TOY = ("--model", "gaussian", "--dataset", "cells", "--steps", "3", "--samples", "2", "--metrics", "s-dc,s-lf,psnr")
METHODS = "standard, ovg(clip=0.5, eta_lf=1e-4)+taba,null-class@3"
COMPARE = (
    *("compare", *TOY, "--methods", METHODS, "--seeds", "1,2", "--set", "ovg.eta_hf=10.0"),
    *("--quiet", "--out"),
)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("compared") / "one"
    assert main([*COMPARE, str(out)]) == 0
    return out


def lines(out: Path) -> dict[str, dict]:
    return {one["method"]: one for one in json.loads((out / "table.json").read_text())["lines"]}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a,b", ["a", "b"]),
        ("ovg(a=1, b=2)+taba,x", ["ovg(a=1, b=2)+taba", "x"]),
        ("r(a=[1, 2], b=(3, 4)),s", ["r(a=[1, 2], b=(3, 4))", "s"]),
        ("r(a=')', b=1),s", ["r(a=')', b=1)", "s"]),
    ],
)
def test_commas_inside_brackets_belong_to_the_method(text, pieces):
    assert outer(text, ",") == pieces


@pytest.mark.parametrize("text", ["", " , ", "a,a", "a(", "a@x", "a@"])
def test_impossible_methods_are_told(text):
    with pytest.raises(ConfigurationError, match=r"--methods|malformed method"):
        entries(text)


def test_a_guidance_may_be_a_methods_own():
    assert entries("taba,direct@3") == (Entry("taba"), Entry("direct", 3.0))
    assert entries("cyclediff(translators='a@b')@2") == (Entry("cyclediff(translators='a@b')", 2.0),)


def test_all_forms_and_runs_are_there(compared):
    assert {path.name for path in compared.iterdir()} == {
        *(f"table.{suffix}" for suffix in ("md", "csv", "tex", "json")),
        *("grid.png", "compare.toml", "runs"),
    }


def test_what_draws_nothing_is_run_once(compared):
    found = lines(compared)
    assert found["standard"]["seeds"] == found["null-class"]["seeds"] == [1]
    assert found["ovg(clip=0.5, eta_lf=1e-4)+taba"]["seeds"] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "method", "random"),
    [
        ("AutoencoderDC", "standard", False),
        ("AutoencoderDC", "taba", True),
        ("AutoencoderKL", "standard", True),
    ],
)
def test_what_an_autoencoder_draws_counts(kind: str, method: str, random: bool) -> None:
    autoencoder = type(kind, (nn.Module,), {})()
    flat = torch.zeros(1, 3, 1, 1)
    codec = LatentCodec(autoencoder, flat, flat + 1)
    assert is_random(method, attrs.evolve(load_model("gaussian", dataset=load_dataset("cells")), codec=codec)) is random


def test_numbers_are_those_of_the_runs(compared):
    runs = [Finished.read(path) for path in sorted((compared / "runs").glob("ovg*"))]
    score = lines(compared)["ovg(clip=0.5, eta_lf=1e-4)+taba"]["scores"]["psnr"]
    values = [one.scores["psnr"] for one in runs]
    assert score["values"] == values
    assert score["sd"] == pytest.approx(statistics.stdev(values), rel=1e-9)
    assert runs[0].config.settings == {"ovg": {"eta_hf": 10.0}}


def test_what_is_loaded_once_gives_what_a_run_of_its_own_gives(compared, tmp_path):
    """The second method found model, data and metrics as the first had left them."""
    done = Finished.read(compared / "runs" / "null-class_3-seed1")
    alone = run(done.config, tmp_path / "alone")
    assert alone.scores == done.scores
    assert alone.details == dict(done.details)
    assert alone.versions == done.document["versions"]


def test_the_picture_has_a_column_a_method(compared):
    with Image.open(compared / "grid.png") as picture:
        assert picture.width > 5 * 192  # source, three methods, reference


def test_runs_are_found_in_the_order_in_which_they_were_asked_for(tmp_path):
    asked = ["taba", "standard", "ovg"]
    out = tmp_path / "out"
    assert main(["compare", *TOY, "--methods", ",".join(asked), "--seeds", "1", "--quiet", "--out", str(out)]) == 0
    assert [run.config.method for run in finished([out])] == asked


def untimed(out: Path) -> list[dict]:
    """The lines of a comparison's table, but for what the clock says."""
    return [{name: value for name, value in line.items() if name != "seconds"} for line in lines(out).values()]


def test_a_killed_comparison_goes_on_and_ends_as_one_that_was_not(compared, tmp_path, monkeypatch):
    out, kept = tmp_path / "out", tmp_path / ".out.runs"
    process = subprocess.Popen([sys.executable, "-m", "spectralkit", *COMPARE, str(out)])
    deadline = time.monotonic() + 300
    while not list(kept.glob("[!.]*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = len(list(kept.glob("[!.]*")))
    assert not out.exists()
    done = []
    running = compare.run_into
    monkeypatch.setattr(compare, "run_into", lambda *words, **named: done.append(words) or running(*words, **named))
    assert main([*COMPARE, str(out)]) == 0
    assert 0 < before == 4 - len(done)
    assert untimed(out) == untimed(compared)
    assert sorted(path.name for path in (out / "runs").iterdir()) == sorted(os.listdir(compared / "runs"))
    assert os.listdir(tmp_path) == ["out"]


def test_a_comparison_that_is_stopped_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    done = []
    running = compare.run_into

    def stop(*words: object, **named: object) -> object:
        if done:
            raise KeyboardInterrupt
        done.append(words)
        return running(*words, **named)

    monkeypatch.setattr(compare, "run_into", stop)
    words = [word for word in COMPARE if word != "--quiet"]
    assert main([*words, str(tmp_path / "out")]) == 130
    assert "stopped, runs done: 1; to go on: spectralkit" in capsys.readouterr().err
    assert os.listdir(tmp_path) == [".out.runs"]


def test_runs_without_latents_are_not_taken_where_latents_are_wanted(tmp_path, monkeypatch):
    def stop(*words: object) -> None:
        raise KeyboardInterrupt

    words = ["compare", *TOY, "--methods", "standard", "--quiet", "--out", str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        patch.setattr(compare, "write_table", stop)
        assert main(words) == 130
    assert main([*words, "--save-latents"]) == 0
    assert len(list(tmp_path.glob("out/runs/*/latents.safetensors"))) == 1


def test_a_refused_method_is_a_line_with_its_reason(tmp_path):
    out, wild = tmp_path / "out", "ovg(eta_lf=1e300, eta_hf=1e300)"
    arguments = ["compare", *TOY, "--methods", f"standard,{wild}", "--seeds", "1"]
    assert main([*arguments, "--quiet", "--out", str(out)]) == 0
    assert "NaN or infinity" in lines(out)[wild]["refusals"][0]
    assert [path.name for path in (out / "runs").iterdir()] == ["standard-seed1"]
    (told,) = lacking(out)
    assert told.startswith(f"{wild} is refused: ")


def test_comparisons_that_nobody_named_keep_their_runs_apart(tmp_path, monkeypatch):
    def stop(*words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)

    def comparing(methods: str, seeds: str) -> int:
        return main(["compare", *TOY, "--methods", methods, "--seeds", seeds, "--quiet"])

    with monkeypatch.context() as patch:
        patch.setattr(compare, "write_table", stop)
        assert comparing("standard", "1") == 130
    (kept,) = Path("runs").iterdir()
    assert comparing("heun", "1") == comparing("standard", "2") == 0
    assert len(list(kept.iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--methods", "standard,ovgg"), "did you mean 'ovg'"),
        (("--methods", "standard,ovg(cilp=1)"), "cilp"),
        (("--methods", "standard", "--seeds", "a"), "--seeds takes whole numbers"),
        (("--methods", "standard", "--set", "taba.K=2"), "no part of this run"),
        (("--methods", "standard", "--model", "nothing"), "nothing"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(words, told, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["compare", *TOY, *words, "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert told in line
    assert not any(tmp_path.iterdir())
