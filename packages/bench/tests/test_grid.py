"""Grid files: what is refused, what a cell is known by, and what a table is made from."""

from __future__ import annotations

from pathlib import Path

import attrs
import bench_toys as toys
import pytest

from spectralkit.errors import ConfigurationError, UnknownNameError
from spectralkit.running import loader as loading
from spectralkit.running.config import RunConfig
from spectralkit.running.loader import Keeping
from spectralkit_bench.cells import files, identity
from spectralkit_bench.grid.grid import Grid
from spectralkit_bench.grid.line import Line
from spectralkit_bench.grid.plan import Plan, resolve
from spectralkit_bench.grid.presets import presets
from spectralkit_bench.grid.share import Share

BASE = RunConfig(model="gaussian", dataset="cells", steps=3, samples=2, metrics=("psnr",))


@pytest.fixture(scope="module")
def loader() -> Keeping:
    return Keeping()


def key(loader: Keeping, **changes: object) -> str:
    return identity.identify(attrs.evolve(BASE, **changes), loader).key


def test_a_key_depends_on_what_changes_a_score_and_on_nothing_else(loader, monkeypatch):
    before = key(loader)
    assert key(loader, batch_size=1) == key(loader, device="cpu") == key(Keeping()) == before
    assert key(loader, seed=7) == before  # standard inversion draws nothing
    assert key(loader, method="taba") != key(loader, method="taba", seed=7)
    changed = [
        key(loader, **change)
        for change in (
            {"steps": 4},
            {"samples": 1},
            {"guidance": 2.0},
            {"label": "next"},
            {"metrics": ("ssim",)},
            {"settings": {"model": {"floor": 1e-5}}},
        )
    ]
    monkeypatch.setattr(identity, "versions", lambda parts: {"spectralkit-datasets-cells": "9.9", "spectralkit": "9"})
    changed.append(key(loader))
    assert len({before, *changed}) == len(changed) + 1


def test_weights_are_hashed_once_a_model(monkeypatch):
    hashed: list[object] = []
    monkeypatch.setattr(identity, "digest", lambda model: str(hashed.append(model)))
    for loader in (Keeping(), Keeping()):
        key(loader)
        key(loader, steps=4)
    assert len(hashed) == 2


def test_a_key_knows_the_files_that_a_configuration_names(tmp_path):
    pictures, translators = tmp_path / "pictures", tmp_path / "translators"
    for folder in (pictures, translators):
        folder.mkdir()
        (folder / "a").write_text("a")
    config = RunConfig(
        dataset="folder",
        method=f"cyclediff(translators='{translators}')",
        settings={"dataset": {"source": str(pictures), "degradation": str(translators)}},
    )
    before = files.states(config)
    assert before.keys() == {str(pictures), str(translators)}
    assert files.states(attrs.evolve(config, method="standard")).keys() == {str(pictures)}  # others name no folder
    (pictures / ".index").mkdir()
    (pictures / ".index" / "hidden").touch()
    files.state.cache_clear()
    assert files.states(config) == before
    (pictures / "a").write_text("other")
    (translators / "b").touch()
    files.state.cache_clear()
    after = files.states(config)
    assert all(after[name] != before[name] for name in before)


def test_a_package_that_takes_no_part_is_not_in_the_key(loader):
    versions = identity.identify(BASE, loader).versions
    assert {"spectralkit", "spectralkit-datasets-cells", "torch"} <= versions.keys()
    assert "spectralkit-methods-taba" not in versions


def test_every_combination_is_a_line_and_what_draws_nothing_one_cell(tmp_path, loader):
    plan, cells = resolve(Grid.read(toys.written(tmp_path)), loader, lambda lines: None)
    assert [line.labels["method"] for line in plan.lines] == ["standard", "taba", "ovg(clip=0.5, eta_lf=1e-4)+taba"]
    assert len(cells) == 1 + 2 + 2
    assert len(set(plan.lines[0].cells.values())) == 1
    assert plan.shown == ("method",)


def test_a_plan_is_the_same_after_a_way_through_json(tmp_path, loader):
    import json

    from spectralkit.running.document import as_json

    plan, _ = resolve(Grid.read(toys.written(tmp_path)), loader, lambda lines: None)
    assert Plan.of(json.loads(as_json(plan.as_table()))) == plan


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[grid]\nmodls = ['gaussian']", "unknown key 'modls': did you mean 'models'"),
        ("[grit]\n", "unknown key 'grit': did you mean 'grid'"),
        ("title = 'x'", "has no table [grid]"),
        ("[grid]\nmodels = 'gaussian'", "models must be a list"),
        ("[grid]\nmodels = []", "models must be a list of at least one"),
        ("[grid]\nmodels = ['a', 'a']", "names something twice"),
        ("[grid]\nmodels = ['a']\nmodel = 'b'", "both models and model"),
        ("[grid]\nsteps = 0", "steps"),
        ("[grid]\nseeds = ['a']", "seed"),
        ("[grid]\nscales = ['x8']", "scale"),
        ("[grid]\nmethods = ['ovg(']", "malformed method"),
        ("[grid]\nnames = 3", "names must be a table"),
        (
            "[grid]\nmethods = ['taba']\nnames = { tabaa = 'Ours' }",
            "names has 'tabaa', which nothing in its block is: did",
        ),
        ("[grid]\n[improved]\naxis = 'method'", "[improved] takes axis, before, after"),
        ("[grid]\ncolumns", "no valid TOML"),
        ("columns = ['colour']\n[grid]\n", "columns must be a list of"),
    ],
)
def test_an_impossible_grid_is_told(tmp_path, text, told):
    with pytest.raises(ConfigurationError) as refusal:
        list(Grid.read(toys.written(tmp_path, text)).points)
    assert told in str(refusal.value)


def test_what_stands_in_a_table_is_one_line(tmp_path):
    text = """
title = "Two\\nlines"
[grid]
section = "A\\nB"
names = { taba = "T\\n| x" }
methods = ["taba"]
"""
    grid = Grid.read(toys.written(tmp_path, text))
    (point,) = grid.points
    assert (grid.title, point.section, point.labels["method"]) == ("Two lines", "A B", "T | x")


@pytest.mark.parametrize("change", ["models = ['gausian']", "methods = ['ovgg']", "datasets = ['cels']"])
def test_unknown_names_are_told_unless_they_are_optional(tmp_path, loader, change):
    axis = change.split()[0]
    lines = [change if line.startswith(axis) else line for line in toys.GRID.splitlines()]
    with pytest.raises(UnknownNameError, match="did you mean"):
        resolve(Grid.read(toys.written(tmp_path, "\n".join(lines))), loader, lambda told: None)
    second = toys.GRID.replace('title = "A toy"', "")
    both = "\n".join([*lines, "optional = true", second]).replace("[grid]", "[[grid]]")
    told: list[str] = []
    plan, _ = resolve(Grid.read(toys.written(tmp_path, both)), loader, told.extend)
    assert len(plan.lines) == 3
    assert all(line.startswith("left out: ") and "did you mean" in line for line in told)
    assert plan.absent == tuple(told)


def test_what_no_line_is_cannot_be_held_against_another(tmp_path, loader):
    share = "[improved]\naxis = 'method'\nbefore = ['standard', 'tab']\nafter = ['taba']\n"
    with pytest.raises(
        ConfigurationError, match=r"\[improved\] names the method 'tab': did you mean 'taba'\? there are"
    ):
        resolve(Grid.read(toys.written(tmp_path, share + toys.GRID.replace('title = "A toy"', ""))), loader, print)


def test_of_a_grid_of_which_nothing_is_left_the_error_alone_tells(tmp_path, loader):
    text = toys.GRID.replace('["gaussian"]', '["gausian"]\noptional = true')
    told: list[str] = []
    with pytest.raises(ConfigurationError, match="nothing of grid toy can be run: left out: unknown model 'gausian'"):
        resolve(Grid.read(toys.written(tmp_path, text)), loader, told.extend)
    assert not told


def line(method: str, model: str = "m", **cells: str) -> Line:
    labels = {"dataset": "d", "scale": "", "model": model, "method": method}
    return Line(labels=labels, method=method, cells={int(seed[1:]): cell for seed, cell in cells.items()})


def test_units_are_pairs_of_one_seed_and_one_setting():
    share = Share(axis="method", before=("standard", "direct"), after=("taba",))
    lines = [line("standard", s1="A", s2="A"), line("taba", s1="B", s2="C"), line("direct", s1="D", s2="D")]
    lines += [line("taba", model="other", s1="E", s2="F"), line("ovg", s1="G")]
    assert share.units(lines) == [("A", "B"), ("A", "C"), ("D", "B"), ("D", "C")]


def test_two_runs_that_draw_nothing_are_one_unit():
    share = Share(axis="model", before=("ddim",), after=("edm",))
    lines = [line("standard", model="ddim", s1="A", s2="A"), line("standard", model="edm", s1="B", s2="B")]
    assert share.units(lines) == [("A", "B")]


def test_models_may_be_replaced_and_keep_their_names(tmp_path):
    grid = Grid.read(toys.written(tmp_path)).with_models({"gaussian": "runs/mine"})
    assert {point.base.model for point in grid.points} == {"runs/mine"}
    assert {point.labels["model"] for point in grid.points} == {"gaussian"}
    with pytest.raises(ConfigurationError, match="has no model 'edm': it has gaussian"):
        Grid.read(toys.written(tmp_path)).with_models({"edm": "x"})


def test_blocks_stay_apart_on_another_data_set():
    grid = Grid.read(presets()["table2"]).with_dataset("cells")
    assert {point.labels["dataset"] for point in grid.points} == {"cells", "cells x16"}


@pytest.mark.parametrize(("fitted", "times"), [(False, 1), (True, 4)])
def test_a_model_is_loaded_once_for_all_data_unless_it_is_fitted_to_them(fitted, times, monkeypatch):
    loaded: list[object] = []
    monkeypatch.setattr(loading, "build_model", lambda *given, **named: loaded.append(given))
    monkeypatch.setattr(loading, "is_fitted", lambda name: fitted)
    keeping = Keeping()
    for dataset in ("cells", "ihc", "cells", "ihc"):
        config = attrs.evolve(BASE, dataset=dataset)
        keeping.model(config, keeping.dataset(config))
    assert len(loaded) == times


@pytest.mark.parametrize("path", presets().values(), ids=presets())
def test_presets_can_be_read(path: Path):
    assert Grid.read(path).points
