"""A run directory read again is the run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import attrs
import pytest
import torch

from spectralkit.errors import DataError
from spectralkit.running.config import RunConfig
from spectralkit.running.run import Report, run
from spectralkit_bench.finished import Finished

CONFIG = RunConfig(model="gaussian", dataset="cells", steps=3, samples=3, metrics=("s-dc", "psnr"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("runs") / "one"
    return out, run(CONFIG, out, save_latents=True)


def test_what_was_run_is_what_is_read(done: tuple[Path, Report]) -> None:
    out, report = done
    finished = Finished.read(out)
    assert finished.config == report.config
    assert finished.scores == report.scores
    assert len(finished.ids) == 3
    assert [sample.id for sample in finished.samples()] == list(finished.ids)
    assert all(finished.image(identifier).is_file() for identifier in finished.ids)


def test_only_the_samples_that_are_wanted_are_read(done: tuple[Path, Report]) -> None:
    finished = Finished.read(done[0])
    renamed = attrs.evolve(finished, rows=({**finished.rows[0], "id": "no-longer"}, *finished.rows[1:]))
    assert [sample.id for sample in renamed.samples(renamed.ids[1:2])] == [finished.ids[1]]
    with pytest.raises(DataError, match="is no longer 'no-longer'"):
        list(renamed.samples())


def test_energies_are_those_of_the_latents(done: tuple[Path, Report]) -> None:
    finished = Finished.read(done[0])
    energies = finished.values("energy")
    for identifier, latent in finished.latents().items():
        torch.testing.assert_close(latent.square().mean().item(), energies[identifier], rtol=1e-5, atol=0)


def test_a_run_without_latents_says_how_to_have_them(done: tuple[Path, Report], tmp_path: Path) -> None:
    shutil.copytree(done[0], tmp_path / "copy")
    (tmp_path / "copy" / "latents.safetensors").unlink()
    with pytest.raises(DataError, match="run it again with --save-latents"):
        Finished.read(tmp_path / "copy").latents()


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no run directory, it holds no metrics\.json"):
        Finished.read(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"config": {"model": 3}}', "\x00", '{"config": {"unknown": 1}}'])
def test_a_damaged_run_is_told(done: tuple[Path, Report], tmp_path: Path, text: str) -> None:
    shutil.copytree(done[0], tmp_path / "copy")
    (tmp_path / "copy" / "metrics.json").write_text(text)
    with pytest.raises(DataError, match=r"is damaged \(metrics\.json"):
        Finished.read(tmp_path / "copy")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"scores": {"psnr": "high"}}, "values of wrong types"),
        ({"cost": {"forwards": True}}, "values of wrong types"),
        ({"versions": {"torch": 2}}, "values of wrong types"),
        ({"diagnostics": 4}, "has no attribute"),
        ({"details": None}, "there is no 'details'"),
        ({"scores": None}, "there is no 'scores'"),
    ],
)
def test_what_a_stranger_wrote_into_a_run_is_told(done, tmp_path, change, why):
    """None stands for a key that is not there."""
    shutil.copytree(done[0], tmp_path / "copy")
    path = tmp_path / "copy" / "metrics.json"
    document = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({name: value for name, value in document.items() if value is not None}))
    with pytest.raises(DataError, match=rf"is damaged \(metrics\.json: .*{why}"):
        Finished.read(tmp_path / "copy")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no samples"),
        ("id,energy\n", "no samples"),
        ("id,energy\na,b\n", "could not convert"),
        ("name,energy\n1,2\n", "there is no 'id'"),
        ("id,energy\n../../secret,1\n", "cannot be a file name"),
    ],
)
def test_a_table_that_is_none_is_told(done, tmp_path, text, why):
    shutil.copytree(done[0], tmp_path / "copy")
    (tmp_path / "copy" / "samples.csv").write_text(text)
    with pytest.raises(DataError, match=rf"is damaged \(samples\.csv: .*{why}"):
        Finished.read(tmp_path / "copy")


def test_latents_that_cannot_be_read_are_told_as_the_runs(done, tmp_path):
    shutil.copytree(done[0], tmp_path / "copy")
    (tmp_path / "copy" / "latents.safetensors").write_bytes(b"")
    with pytest.raises(DataError, match=r"is damaged \(latents\.safetensors\): run it again with --save-latents"):
        Finished.read(tmp_path / "copy").latents()


def test_another_data_set_is_told(done: tuple[Path, Report], tmp_path: Path) -> None:
    shutil.copytree(done[0], tmp_path / "copy")
    path = tmp_path / "copy" / "metrics.json"
    document = json.loads(path.read_text())
    document["config"]["dataset"] = "ihc"
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"is not what .* was run on"):
        list(Finished.read(tmp_path / "copy").samples())
