"""A folder that is not there is told before torch is imported, which takes seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest

from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.running.document import as_toml

COMMANDS = {
    "run": ["run", "--model", "gaussian", "--dataset", "{}"],
    "compare": ["compare", "--model", "gaussian", "--methods", "standard", "--dataset", "{}"],
    "sweep": ["sweep", "--model", "gaussian", "--vary", "steps=1,2", "--store", "store", "--dataset", "{}"],
    "train": ["train", "--dataset", "{}", "--out", "out"],
    "describe": ["describe", "dataset", "{}"],
    "preview": ["datasets", "preview", "{}", "--out", "out.png"],
}
PACKAGES = {"train": "spectralkit_models_training", **dict.fromkeys(("compare", "sweep"), "spectralkit_bench")}


def names() -> list[str]:
    """The data sets that are read from folders."""
    specs = (cast(DatasetSpec, found.spec) for found in registry().all("dataset"))
    return [spec.name for spec in specs if spec.folders]


def test_the_folders_of_a_data_set_are_parameters_of_it() -> None:
    for name in names():
        spec = cast(DatasetSpec, registry().resolve("dataset", name).spec)
        assert set(spec.folders) <= {parameter.name for parameter in registry().parameters("dataset", name)}
    assert "folder" in names()


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_told_without_torch(command, tmp_path) -> None:
    pytest.importorskip(PACKAGES.get(command, "spectralkit"))
    for name in names() if command == "run" else ["folder"]:
        folder = cast(DatasetSpec, registry().resolve("dataset", name).spec).folders[0]
        words = [word.format(name) for word in COMMANDS[command]] + ["--set", f"dataset.{folder}=nowhere"]
        refused(words, f"no folder at nowhere: check dataset.{folder}", tmp_path)


RECORD = {"dataset": "folder", "settings": {"dataset": {"target": "nowhere", "degrade": "area"}}}
CARD = {
    "format": "spectralkit-checkpoint-2",
    **{"process": "ddim", "process_parameters": {}, "conditions": ["source", "target"], "shape": [3, 8, 8]},
    **{"dataset": "folder", "training": {"settings": RECORD["settings"]}},
}


def test_what_was_recorded_is_told_without_torch(tmp_path: Path) -> None:
    """The folder that a model was trained on, that of a training that goes on, and a training that is none."""
    (tmp_path / "model/training").mkdir(parents=True)
    (tmp_path / "model/spectralkit.json").write_text(json.dumps(CARD))
    refused(["run", "--model", "./model"], "no folder at nowhere: model ./model was trained on it", tmp_path)
    pytest.importorskip("spectralkit_models_training")
    (tmp_path / "model/training/train.toml").write_bytes(as_toml({"train": RECORD}))
    refused(["train", "--resume", "--out", "model"], "no folder at nowhere: check dataset.target", tmp_path)
    refused(["train", "--resume", "--out", "other"], "other holds no training to resume", tmp_path)


def refused(words: list[str], told: str, place: Path) -> None:
    """The program ends with one line, before torch is imported."""
    program = (
        f"import sys; from spectralkit.cli.main import main; code = main({words!r}); "
        "sys.exit(99 if 'torch' in sys.modules else code)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=place)
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    assert told in ended.stderr
    assert ended.stderr.count("\n") == 1
