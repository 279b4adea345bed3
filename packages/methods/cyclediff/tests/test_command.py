"""``spectralkit train-cyclediff`` as a user runs it: to the end, killed, resumed, refused; and what becomes of it."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import spectralkit as sk
from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError

pytest.importorskip("spectralkit_models_training", reason="the trainer is an extra")
pytest.importorskip("spectralkit_datasets_ihc", reason="the data set that is trained on is a package of its own")

from spectralkit_models_training.testing import Program, heard, inside, killed, same

TINY = (
    *("--size", "16", "--batch", "2", "--bank", "20", "--levels", "4", "--widths", "8,16", "--groups", "4"),
    *("--judge-widths", "8,16", "--pool", "3", "--warmup", "2", "--learning-rate", "0.002", "--source", "low-x8"),
    *("--save-every", "4", "--sample-every", "100", "--sample-steps", "2", "--score", "none"),
    *("--precision", "float32", "--layout", "contiguous", "--device", "cpu", "--quiet", "--steps", "12"),
)


@pytest.fixture(scope="session")
def place(checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with models, and translators for one of them that nobody interrupted."""
    folder = tmp_path_factory.mktemp("cyclediff")
    checkpoint(folder / "tiny")
    checkpoint(folder / "other", seed=4)
    checkpoint(folder / "large", shape=(3, 32, 32))
    assert inside("train-cyclediff", *TINY, "--model", f"{folder}/tiny", "--out", f"{folder}/whole") == 0
    return folder


@pytest.fixture
def spectralkit(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> Program:
    """Run the program in a directory with the models and translators."""
    for folder in place.iterdir():
        shutil.copytree(folder, tmp_path / folder.name)
    monkeypatch.chdir(tmp_path)
    return heard(capsys)


def weights(out: Path) -> dict[str, torch.Tensor]:
    return {
        f"{way}.{name}": value
        for way in ("to-target", "to-source")
        for name, value in load_file(out / way / "diffusion_pytorch_model.safetensors").items()
    }


def losses(out: Path) -> list[tuple[str, str]]:
    with (out / "loss.csv").open(newline="") as file:
        return [(row["loss"], row["discriminators"]) for row in csv.DictReader(file)]


def test_a_training_leaves_translators_and_all_that_made_them(place: Path) -> None:
    whole = place / "whole"
    assert {path.name for path in whole.iterdir()} == {
        *("to-target", "to-source", "conditions.safetensors", "cyclediff.json", "README.md", "train.toml"),
        *("loss.csv", "loss.png", "samples.png", "training"),
    }
    assert len(losses(whole)) == 12
    assert {value.dtype for value in weights(whole).values()} == {torch.float16}
    facts = json.loads((whole / "cyclediff.json").read_text())
    assert (facts["model"], facts["diffusion"], facts["source"], facts["target"]) == (
        "tiny",
        "frozen",
        "low-x8",
        "high",
    )
    assert facts["process"] == {"process": "ddim"}
    assert facts["shape"] == [3, 16, 16]
    made = facts["training"]
    assert (made["steps"], made["cycle"], made["identity"], made["command"]) == (12, 1.0, 0.5, "train-cyclediff")
    assert len(made["model_sha256"]) == len(made["data_sha256"]) == 64
    assert "spectralkit-methods-cyclediff" in made["versions"]


def test_a_run_translates_with_them_both_ways(place: Path) -> None:
    method = sk.load_method("cyclediff", {"cyclediff": {"translators": str(place / "whole")}})
    model, images = sk.load_model(place / "tiny"), torch.rand(2, 3, 16, 16)
    there = sk.translate(model, method, images, source="low-x8", target="high", steps=3)
    back = sk.translate(model, method, there.images, source="high", target="low-x8", steps=3)
    assert there.cost.forwards == back.cost.forwards == 3 + 1 + 3
    assert torch.isfinite(back.images).all()
    brief = sk.translate(model.to(dtype=torch.bfloat16), method, images, source="low-x8", target="high", steps=3)
    assert float((brief.images - there.images).abs().mean()) < 0.1


def test_others_are_refused_in_a_sentence(place: Path) -> None:
    method = sk.load_method("cyclediff", {"cyclediff": {"translators": str(place / "whole")}})
    told = f"cyclediff's translators in {place}/whole are for the conditions 'low-x8' and 'high' of model 'tiny', but "
    for model, source, target, side, why in (
        ("other", "low-x8", "high", 16, "this run of model 'other' begins with neither"),
        ("tiny", "low-x4", "high", 16, "this run of model 'tiny' begins with neither"),
        ("tiny", "low-x8", "low-x4", 16, "this run of model 'tiny' does not lead from one to the other"),
        ("large", "low-x8", "high", 32, "this run of model 'large' has states of 3x32x32 in place of 3x16x16"),
    ):
        with pytest.raises(ConfigurationError) as refusal:
            sk.translate(
                sk.load_model(place / model),
                method,
                torch.rand(1, 3, side, side),
                source=source,
                target=target,
                steps=2,
            )
        assert str(refusal.value).startswith(told + why)


def test_the_recorded_configuration_reproduces_the_translators(tmp_path: Path, spectralkit: Program) -> None:
    recorded = (tmp_path / "whole" / "train.toml").read_text()
    (tmp_path / "mine.toml").write_text(recorded.replace(recorded.split('model = "')[1].split('"')[0], "./tiny"))
    done = spectralkit("train-cyclediff", "--config", "mine.toml", "--out", "again", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert same(weights(tmp_path / "again"), weights(tmp_path / "whole"))


def test_a_killed_training_resumes_to_bitwise_the_same_translators(tmp_path: Path, spectralkit: Program) -> None:
    out = tmp_path / "killed"
    killed(tmp_path, "killed", "train-cyclediff", *TINY, "--model", "./tiny")  # after the fourth step
    assert not (out / "cyclediff.json").exists()
    resumed = spectralkit("train-cyclediff", "--resume", "--out", "killed", "--quiet")
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert same(weights(out), weights(tmp_path / "whole"))
    assert losses(out) == losses(tmp_path / "whole")


def test_it_goes_on_with_the_same_model_alone(tmp_path: Path, spectralkit: Program) -> None:
    begun = spectralkit("train-cyclediff", *TINY, "--model", "./tiny", "--out", "long")
    assert begun.returncode == 0, begun.stderr
    other = spectralkit("train-cyclediff", "--resume", "--model", "./other", "--out", "long")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "where model is ./tiny, not ./other" in other.stderr
    shutil.rmtree("tiny")
    shutil.move("other", "tiny")  # another one in its place
    changed = spectralkit("train-cyclediff", "--resume", "--cooldown", "1", "--out", "long")
    assert changed.returncode == 2
    (tmp_path / "long" / "training" / "exported").unlink()
    moved = spectralkit("train-cyclediff", "--resume", "--out", "long", "--quiet")
    assert (moved.returncode, moved.stderr.count("\n")) == (2, 1)
    assert "the training was begun with another model sha256" in moved.stderr


def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path, spectralkit: Program) -> None:
    before = sorted(tmp_path.rglob("*"))
    done = spectralkit("train-cyclediff", *TINY, "--model", "./tiny", "--dry-run")
    assert done.returncode == 0, done.stderr
    for name in ("parameters", "a step", "in all", "source", "low-x8", "state", "3x16x16", "model sha256"):
        assert name in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("--source", "low-x9"), "does not know the condition 'low-x9'"),
    (("--model", "./nowhere"), "no checkpoint at ./nowhere"),
    (("--model", "dim"), "did you mean 'ddim'"),
    (("--cycle", "-1"), "cycle must be a number of at least 0, got -1"),
    (("--widths", "10"), "widths must be multiples of groups, 4, got 10"),
    (("--preset", "ihc"), "unrecognized arguments: --preset ihc"),
]


@pytest.mark.parametrize(("options", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_wrong_is_told_in_a_line_and_leaves_nothing(
    options: tuple[str, ...], told: str, tmp_path: Path, spectralkit: Program
) -> None:
    done = spectralkit("train-cyclediff", *TINY, "--model", "./tiny", *options, "--out", "refused")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert told in done.stderr
    assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize("words", [(), ("--help",), ("--model", "ddim")])
def test_without_the_trainer_a_line_tells_how_to_get_it(words: tuple[str, ...], monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "spectralkit_models_training.command", None)
    assert main(["train-cyclediff", *words]) == 2
    told = capsys.readouterr().err
    assert "train-cyclediff needs the trainer: pip install 'spectralkit-methods-cyclediff[train]'" in told
    assert told.count("\n") == 1
