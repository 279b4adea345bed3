"""A folder that is not there is told before torch is imported, which takes seconds."""

from __future__ import annotations

import subprocess
import sys
from typing import cast

import pytest

from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec

COMMANDS = {
    "run": ["run", "--model", "gaussian", "--dataset", "{}"],
    "compare": ["compare", "--model", "gaussian", "--methods", "standard", "--dataset", "{}"],
    "sweep": ["sweep", "--model", "gaussian", "--vary", "steps=1,2", "--store", "store", "--dataset", "{}"],
    "train": ["train", "--dataset", "{}", "--out", "out"],
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
        program = (
            f"import sys; from spectralkit.cli.main import main; code = main({words!r}); "
            "sys.exit(99 if 'torch' in sys.modules else code)"
        )
        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
        assert f"no folder at nowhere: check dataset.{folder}" in ended.stderr
        assert ended.stderr.count("\n") == 1
