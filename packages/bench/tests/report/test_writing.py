"""What a report is made of, and what it refuses."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from spectralkit.cli.main import build_parser, choose, main
from spectralkit.cli.run import read
from spectralkit.plugins import MethodSpec, MetricSpec
from spectralkit.plugins.registry import registry
from spectralkit.running.config import RunConfig
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.finished import Finished
from spectralkit_bench.grid.line import AXES, Line
from spectralkit_bench.grid.plan import Plan
from spectralkit_bench.report.charts.axis import Axis, spanning
from spectralkit_bench.report.content import content
from spectralkit_bench.report.explained import explain
from spectralkit_bench.report.finding import find
from spectralkit_bench.report.numbers import Over
from spectralkit_bench.report.page import SCRIPTS, STYLES, asset
from spectralkit_bench.report.pages import write_pages
from spectralkit_bench.report.palette import MOST, rules
from spectralkit_bench.report.pictures import picture
from spectralkit_bench.report.verdict import verdict
from spectralkit_bench.reproducing import command, line
from spectralkit_bench.store.store import Store


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one line that a command ends with."""
    assert main(["report", *map(str, words)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    return line


def test_a_run_is_reported_beside_its_files(runs, tmp_path, capsys):
    shutil.copytree(runs[0], tmp_path / "run")
    assert main(["report", str(tmp_path / "run")]) == 0
    assert str(tmp_path / "run" / "report.html") in capsys.readouterr().out
    page = (tmp_path / "run" / "report.html").read_text()
    assert "At a glance" in page
    assert re.search(r"(src|href)=.(https?:|//)", page) is None
    assert "already exists" in refused(capsys, tmp_path / "run")


def test_a_report_as_json(runs, tmp_path, capsys):
    assert main(["report", *map(str, runs), "--out", str(tmp_path / "r.html"), "--samples", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"out": str(tmp_path / "r.html"), "runs": [str(run) for run in runs], "samples": 2}


SMALL = ["--model", "gaussian", "--dataset", "cells", "--samples", "2", "--steps", "2", "--metrics", "psnr", "--report"]


def test_a_run_and_a_comparison_bring_their_report(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", *SMALL, "--json", "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["report"] == str(out / "report.html")
    assert (out / "report.html").is_file()
    assert main(["compare", *SMALL, "--methods", "standard,ovg", "--seeds", "1", "--out", str(tmp_path / "both")]) == 0
    assert f"report   {tmp_path / 'both' / 'report.html'}" in capsys.readouterr().out
    assert (tmp_path / "both" / "report.html").is_file()


GRID = """
[grid]
models = ["gaussian"]
datasets = ["cells"]
methods = ["taba", "standard"]
seeds = [1, 2]
samples = 1
steps = 2
metrics = ["psnr"]
"""


def test_a_grid_brings_its_report_and_a_page_for_each_data_set(tmp_path, capsys):
    grid, store = tmp_path / "toy.toml", tmp_path / "store"
    grid.write_text(GRID)
    words = ["bench", "run", str(grid), "--store", str(store), "--report"]
    assert main(words) == 0
    assert f"report   {store / 'report.html'}" in capsys.readouterr().out
    assert (store / "report.html").is_file()
    grid.write_text(GRID.replace('["taba", "standard"]', '["standard"]').replace('["cells"]', '["cells", "ihc"]'))
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reports"] == [str(store / f"report-{name}.html") for name in ("cells", "ihc")]
    assert sorted(path.name for path in store.glob("*.html")) == [
        "report-cells.html",
        "report-ihc.html",
        "report.html",
    ]
    for page in store.glob("*.html"):
        page.unlink()
    assert main(["report", str(store)]) == 0
    told = capsys.readouterr().out
    for name in ("cells", "ihc"):
        assert f"report   {store / f'report-{name}.html'}" in told
        assert (store / f"report-{name}.html").is_file()
    assert "report-cells.html already exists" in refused(capsys, store)


def test_what_has_failed_or_is_refused_is_told_in_the_page(tmp_path, capsys):
    grid, store = tmp_path / "toy.toml", tmp_path / "store"
    grid.write_text(
        GRID.replace('["taba", "standard"]', '["standard", "ovg(eta_lf=1e300, eta_hf=1e300)", "taba(steps=9)"]')
    )
    assert main(["bench", "run", str(grid), "--store", str(store), "--report", "--quiet"]) == 2
    page = (store / "report.html").read_text()
    assert "ovg(eta_lf=1e300, eta_hf=1e300) has failed: inversion step" in page
    assert "taba(steps=9) has failed: taba would replace 9 steps" in page


def test_pages_of_data_sets_whose_names_no_file_has_do_not_replace_one_another(making, tmp_path):
    runs = [Finished.read(making(name, config={"dataset": name})) for name in ("\u00e9", "\u00fc")]
    written = write_pages(tmp_path, runs)
    assert [path.name for path in written] == ["report-_.html", "report-_-2.html"]
    assert all(path.is_file() for path in written)


def test_a_report_that_nobody_can_write_is_told_before_the_run(tmp_path):
    words = [sys.executable, "-m", "spectralkit", "run", *SMALL, "--out", str(tmp_path / "out")]
    blocked = {**os.environ, "SPECTRALKIT_BLOCK": "bench"}
    done = subprocess.run(words, env=blocked, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout) == (2, "")
    assert "command 'report'" in done.stderr
    assert os.listdir(tmp_path) == []


def test_runs_of_a_folder_are_found(runs, tmp_path):
    shutil.copytree(runs[0].parent, tmp_path / "compared" / "runs")
    assert [run.config.method for run in find([tmp_path / "compared"])] == ["standard", "ovg"]


def test_bad_places_are_told(runs, tmp_path, capsys, making):
    out = ("--out", tmp_path / "r.html")
    assert "is no run directory" in refused(capsys, tmp_path, *out)
    assert "say where it goes with --out" in refused(capsys, *runs)
    assert f"there is no folder {tmp_path / 'none'}" in refused(capsys, tmp_path / "none")
    assert "ends in .html" in refused(capsys, runs[0], "--out", tmp_path / "r.txt")
    assert "does not exist" in refused(capsys, runs[0], "--out", tmp_path / "none" / "r.html")
    assert "--samples must be at least 1" in refused(capsys, runs[0], *out, "--samples", 0)
    assert "runs of different data" in refused(capsys, runs[0], making("other"), *out)
    assert "no sample in common" in refused(capsys, making("x", ["a"]), making("y", ["b"]), *out)
    assert os.listdir(tmp_path) == [name for name in os.listdir(tmp_path) if name in ("other", "x", "y")]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda run: (run / "metrics.json").write_text("{"), r"is damaged \(metrics.json"),
        (lambda run: patch(run, scores=3), "is damaged"),
        (lambda run: patch(run, scores={"psnr": "high"}), "is damaged"),
        (lambda run: patch(run, cost=None), "is damaged"),
        (lambda run: patch(run, details={"psnr": 1}), "is damaged"),
        (lambda run: (run / "samples.csv").write_text("id,energy\n../../secret,1\n"), "cannot be a file name"),
        (lambda run: (run / "samples.csv").write_text("id,energy\n"), "is damaged"),
        (lambda run: (run / "samples" / "a.png").unlink(), r"cannot read image .*No such file"),
        (lambda run: (run / "samples" / "a.png").write_bytes(b"\x89PNG"), r"a\.png"),
        (lambda run: (run / "latents.safetensors").write_bytes(b"no"), "latents.safetensors"),
        (lambda run: (run / "run.toml").unlink(), r"run\.toml"),
    ],
)
def test_damage_is_told(making, tmp_path, capsys, damage, told):
    run = making("run")
    damage(run)
    assert re.search(told, refused(capsys, run, "--out", tmp_path / "r.html"))
    assert sorted(os.listdir(tmp_path)) == ["run"]


def test_an_unfinished_store_is_told(tmp_path, capsys):
    """A cell that was removed is still to be done, for its grid wants it."""
    store, key = Store.make(tmp_path / "store"), "k" * 20
    cell = Cell(key=key, config=RunConfig(model="gaussian", dataset="cells"), versions={}, weights="")
    line = Line(labels=dict.fromkeys(AXES, ""), method="standard", cells={1: key})
    plan = Plan(title="", columns=(), within=(), improved=None, lines=(line,))
    store.add([cell], grid="grid", plan=plan.as_table())
    assert "is not finished, 1 of 1 cells" in refused(capsys, tmp_path / "store", "--out", tmp_path / "r.html")
    store.remove(key)
    assert "is not finished, 1 of 1 cells" in refused(capsys, tmp_path / "store", "--out", tmp_path / "r.html")


def patch(run: Path, **values: object) -> None:
    path = run / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_run_outlives_its_data_set(making):
    found = content(find([making("run")]))
    assert [picture.key for picture in found.shown[0].pictures] == ["run0"]
    assert any("unknown dataset 'gone'" in notice for notice in found.notices)


def test_what_makes_a_comparison_unfair_is_said(making):
    found = content(find([making("x", ["a", "b"]), making("y", ["b"], config={"steps": 20})]))
    assert [shown.id for shown in found.shown] == ["b"]
    assert any("different numbers of samples (2, 1)" in notice for notice in found.notices)
    assert any("more than the method: steps" in notice for notice in found.notices)


def test_runs_that_differ_in_the_seed_alone_are_one_method(making):
    def of(name: str, seed: int, score: float, **config: object) -> Path:
        return making(name, config={"method": "ovg", "seed": seed, **config}, scores={"psnr": score})

    runs = [of("a", 1, 10.0), of("b", 1, 7.0, steps=20), of("c", 2, 12.0), of("d", 3, 14.0), of("e", 1, 9.0)]
    found = content(find(runs))
    assert [method.label for method in found.methods] == ["ovg, steps 50", "ovg, steps 20", "ovg, steps 50 (2)"]
    assert [method.seeds for method in found.methods] == [(1, 2, 3), (1,), (1,)]
    first, second, _ = next(score for score in found.scored.scores if score.name == "psnr").values
    assert (first.mean, first.sd) == (12.0, 2.0)
    assert (second.mean, second.sd) == (7.0, None)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.93], "0.93"),
        ([0.5, 0.5], "0.5"),
        ([0.6293, 0.7], "0.6646 ± 0.0500"),
        ([0.93061, 0.93063], "0.9306 ± 1e-05"),
        ([0.125, 0.125 + 4e-10], "0.125"),  # round-off
        ([1e9, 3e9], "2e+09 ± 1e+09"),
        ([1.0, math.nan], "—"),
        ([math.inf], "∞"),
    ],
)
def test_a_number_over_seeds_is_told_with_its_deviation(values, told):
    assert str(Over.of(values)) == told


def test_under_every_seed_there_is_one_picture_of_every_method(making):
    runs = [making("x" * seed, config={"method": "x", "seed": seed}) for seed in (1, 2)]
    (shown, *_) = content(find([making("standard", config={"seed": 1}), *runs])).shown
    for seed in (1, 2):
        for pictures in (shown.pictures, [view.picture for view in shown.latents]):
            assert [picture.key for picture in pictures if seed in picture.seeds] == ["run0", "run1"]
    assert len({picture.uri for picture in shown.pictures}) == len(shown.pictures) == 3


def test_no_two_methods_look_alike_and_one_is_told_when_they_begin_to(making):
    looks = {line.partition(" ")[2] for line in rules(MOST).splitlines()}
    assert len(looks) == MOST
    assert rules(MOST + 1).splitlines()[-1].partition(" ")[2] in looks
    runs = find([making(f"m{i}", ["a"], config={"method": f"m{i}"}) for i in range(MOST + 1)])
    assert any(f"more than {MOST} methods" in notice for notice in content(runs).notices)
    assert not any("come again" in notice for notice in content(runs[:MOST]).notices)


def test_all_channels_of_an_image_are_shown():
    image = torch.zeros(4, 2, 2)
    image[3, 0, 0] = 1  # nothing in the first channel
    rows = decoded(picture("source", "source", image).uri)
    assert max(rows[0][0]) == 255
    assert max(rows[1][1]) == 0


def decoded(uri: str) -> list[list[tuple[int, ...]]]:
    """The rows of a picture in the page."""
    found = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB")
    return [[found.getpixel((x, y)) for x in range(found.width)] for y in range(found.height)]


@pytest.mark.parametrize(
    ("energy", "rough", "method", "kind"),
    [
        (1.0, 0.99, "standard", "white"),
        (0.48, 0.08, "standard", "collapsed"),
        (0.95, 0.3, "standard", "collapsed"),
        (0.8, 0.95, "standard", "partly"),
        (1.0, 0.7, "standard", "partly"),
        (3.0, 1.0, "standard", "inflated"),
        (1.0, None, "standard", "white"),
        (None, 0.9, "standard", "unknown"),
    ],
)
def test_a_collapse_is_seen_in_energy_or_in_roughness(making, energy, rough, method, kind):
    run = making("run", config={"method": method}, scores={} if rough is None else {"s-dc": rough}, details={})
    (run / "samples.csv").write_text(f"id,energy\na,{'' if energy is None else energy}\n")
    assert verdict([Finished.read(run)]).kind == kind


def test_a_drawn_latent_says_nothing(making, registering):
    import spectralkit as sk

    sk.register(MethodSpec(name="drawing", target=f"{__name__}:Path", summary="Draws", inverts=False))
    assert verdict([Finished.read(making("run", config={"method": "drawing"}))]).kind == "drawn"


def test_a_strangers_metric_is_explained_by_its_spec(registering):
    import spectralkit as sk

    spec = MetricSpec(
        name="strange",
        target="pathlib:Path",
        summary="Some formula",
        question="Is it strange?",
        yardstick="A cat scores 7.",
        inputs=("generated",),
        higher_is_better=False,
        range=(0.0, 9.0),
    )
    sk.register(spec)
    told = explain("strange")
    assert (told.question, told.yardstick) == ("Is it strange?", "A cat scores 7.")
    assert (told.better, told.between) == ("lower is better", "from 0 to 9")
    assert "Some formula" in told.formula
    assert "not installed" in explain("unheard-of").question


settings = st.dictionaries(
    st.sampled_from(["ovg", "s-dc", "model"]),
    st.dictionaries(
        st.sampled_from(["a", "b_c"]),
        st.one_of(
            st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text()
        ),
        min_size=1,
    ),
)
configs = st.builds(
    RunConfig,
    model=st.just("edm"),
    method=st.sampled_from(["ovg(eta_lf=1e-4)+taba", "standard"]),
    dataset=st.just("ihc"),
    scale=st.none() | st.integers(1, 64),
    steps=st.integers(1, 99),
    samples=st.integers(1, 9),
    seed=st.integers(-5, 5),
    guidance=st.floats(-3, 3),
    label=st.sampled_from(["current", "next"]),
    metrics=st.just(("psnr", "s-dc")),
    settings=settings,
)


@given(configs)
def test_the_command_runs_the_same_again(config):
    words = shlex.split(command(config, save_latents=True))[1:]
    parsed = build_parser(registry(), choose(registry(), "run")).parse_args(words)
    assert read(parsed) == config
    assert parsed.save_latents


@given(st.lists(st.text() | st.text("a'$\"\\`! ")))
def test_a_line_is_read_as_the_words_it_is_made_of(words):
    assert shlex.split(line(words)) == words
    assert line(["--method", "cyclediff(translators='x')"]) == "--method \"cyclediff(translators='x')\""


@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e6), st.booleans())
def test_ticks_lie_on_their_axis(low, factor, logarithmic):
    axis = Axis(low, low * factor, 0.0, 100.0, logarithmic)
    assert all(-1e-6 <= axis(tick) <= 100 + 1e-6 for tick in axis.ticks())
    assert len(axis.ticks()) <= 12
    assert axis.ticks() == sorted(axis.ticks())


@given(st.lists(st.floats(-1e3, 1e3), min_size=1))
def test_an_axis_spans_its_values(values):
    axis = spanning(values, 0.0, 1.0, (float("-inf"), float("inf")))
    assert axis.low <= min(values)
    assert axis.high >= max(values)
    assert axis.low < axis.high


@pytest.mark.parametrize("name", [*(f"{name}.js" for name in SCRIPTS), *(f"{name}.css" for name in STYLES)])
def test_an_asset_can_stand_in_a_page(name):
    assert "</" not in asset(name)
    assert not re.search(r"https?://|@import|\bimport\b|\bfetch\b|innerHTML|\beval\b", asset(name))
