"""The example package, installed and used as a stranger would: by pip, from a copy outside of this tree."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "examples" / "spectralkit-example"

COMPOSE = """
import torch
from spectralkit.inversion.driver import translate
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registry import registry
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch

ovg = registry().build("method", "ovg", eta_lf=1e-4) if "ovg" in registry().names("method") else Parts()
theirs = registry().build("method", "energy-match")
oracle = random_gaussian(3)
x0 = source_batch(oracle, 0, 2, 3) + 1e-3
outcomes = [translate(method, context_for(oracle, x0, 20)) for method in (Parts(), theirs, ovg + theirs)]
energies = [float(outcome.inversion.latent.square().mean()) for outcome in outcomes]
assert energies[0] < 0.85, energies
assert abs(energies[1] - 1) < 0.1, energies
assert not torch.equal(outcomes[1].x, outcomes[2].x) or ovg == Parts()
print("composed")
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables under which Python sees the installed example."""
    folder = tmp_path_factory.mktemp("stranger")
    source = shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--target", str(folder / "site"), str(source)], check=True)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder / "site"), os.environ.get("PYTHONPATH")))),
    }


def python(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_program_lists_it(environment: dict[str, str]) -> None:
    plugins = json.loads(python(environment, "-m", "spectralkit", "plugins", "--json"))
    (example,) = (plugin for plugin in plugins if plugin["name"] == "example")
    assert example["status"] == "ok"
    assert example["distribution"] == "spectralkit-example"
    assert example["provides"] == {"method": ["energy-match"], "metric": ["total-variation"]}


def test_it_composes_with_the_methods_of_others(environment: dict[str, str]) -> None:
    assert python(environment, "-c", COMPOSE) == "composed\n"


def test_its_conformance_test_passes(environment: dict[str, str], tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "tests" / "test_conformance.py", tmp_path)
    output = python(
        environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)
    )
    assert " passed" in output
    assert "failed" not in output


def test_it_runs_from_the_command_line(environment: dict[str, str], tmp_path: Path) -> None:
    listed = json.loads(python(environment, "-m", "spectralkit", "methods", "--json"))
    if not {"ovg", "energy-match"} <= {method["name"] for method in listed}:
        pytest.skip("ovg is another distribution, which is not installed here")
    models = {model["name"] for model in json.loads(python(environment, "-m", "spectralkit", "models", "--json"))}
    datasets = {entry["name"] for entry in json.loads(python(environment, "-m", "spectralkit", "datasets", "--json"))}
    if "ihc" not in datasets or not {"ddim", "gaussian"} <= models:
        pytest.skip("the data set ihc and the process ddim are other distributions, which are not installed here")
    arguments = ["--model", "gaussian", "--method", "ovg+energy-match", "--metrics", "total-variation"]
    small = ["--samples", "2", "--steps", "4", "--out", str(tmp_path / "run"), "--json"]
    report = json.loads(python(environment, "-m", "spectralkit", "run", *arguments, *small))
    assert 0 < report["scores"]["total-variation"] <= 1
    assert (tmp_path / "run" / "metrics.json").is_file()
