"""``spectralkit train`` as a user runs it: to the end, interrupted, killed, resumed, refused."""

from __future__ import annotations

import csv
import json
import math
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from spectralkit.errors import DataError
from spectralkit.torchvision_fix import repair_torchvision
from spectralkit_models_training.diffusion import DiffusionTask
from spectralkit_models_training.testing import PROGRAM, Program, heard, inside, killed, one_thread, same
from spectralkit_models_training.trial import Choice

TINY = (
    *("--widths", "8,16", "--groups", "8", "--layers", "1", "--size", "32", "--batch", "4", "--steps", "12"),
    *("--warmup", "2", "--save-every", "4", "--sample-every", "100", "--sample-steps", "2", "--score", "none"),
    *("--precision", "float32", "--layout", "contiguous", "--compile", "no", "--device", "cpu", "--quiet"),
)
"""Options of a model of twenty thousand weights: a step takes a hundredth of a second."""


def launched(
    command: list[str], cwd: Path, env: dict[str, str], limit: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """What became of a command."""
    return subprocess.run(
        command, check=False, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, preexec_fn=limit
    )


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Of a program of its own."""
    return one_thread()


@pytest.fixture
def spectralkit(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run the program in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return heard(capsys)


def weights(out: Path) -> dict[str, torch.Tensor]:
    """Of a finished model."""
    return load_file(next(out.glob("*net*/*.safetensors")))


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture."""
    with Image.open(path) as image:
        return image.size


def losses(out: Path) -> list[dict[str, str]]:
    """The rows of a journal."""
    with (out / "loss.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that nobody interrupted."""
    out = tmp_path_factory.mktemp("training") / "whole"
    assert inside("train", *TINY, "--out", str(out)) == 0
    return out


@pytest.fixture
def whole(original: Path, tmp_path: Path) -> Path:
    """A copy of it in the test's directory."""
    return shutil.copytree(original, tmp_path / "whole")


def test_a_training_leaves_a_model_and_all_that_made_it(whole: Path, spectralkit: Program) -> None:
    names = {path.name for path in whole.iterdir()}
    assert names == {
        *("unet", "scheduler", "model_index.json", "spectralkit.json", "README.md", "train.toml"),
        *("loss.csv", "loss.png", "samples.png", "training"),
    }
    rows = losses(whole)
    assert [float(row["step"]) for row in rows] == list(range(1, 13))
    assert all(float(row["seconds"]) > 0 and float(row["loss"]) > 0 for row in rows)
    assert image_size(whole / "samples.png")[0] > 100
    card: dict[str, Any] = json.loads((whole / "spectralkit.json").read_text())
    made = card["training"]
    assert (made["steps"], made["seed"], made["widths"], made["precision"]) == (12, 0, [8, 16], "float32")
    assert len(made["data_sha256"]) == 64
    assert {"torch", "spectralkit", "spectralkit-models-training"} <= made["versions"].keys()
    assert made["machine"]
    assert "| `steps` | 12 |" in (whole / "README.md").read_text()
    ran = spectralkit("run", "--model", "./whole", "--steps", "2", "--samples", "1", "--set", "dataset.size=32")
    assert ran.returncode == 0, ran.stderr


def test_the_recorded_configuration_reproduces_the_model(whole: Path, tmp_path: Path, spectralkit: Program) -> None:
    done = spectralkit("train", "--config", "whole/train.toml", "--out", "again", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert same(weights(tmp_path / "again"), weights(whole))


def test_what_was_measured_is_not_measured_again(
    tmp_path: Path, spectralkit: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a choice that is left open, the result's own configuration and card name what was taken."""
    chosen = Choice("bfloat16", "channels-last", "no")
    auto = [*TINY, "--precision", "auto", "--layout", "auto", "--compile", "auto"]
    with monkeypatch.context() as patch:
        patch.setattr("spectralkit_models_training.session.settle", lambda *_: chosen)
        assert spectralkit("train", *auto, "--steps", "3", "--out", "begun").returncode == 0
    wanted = {"precision": "bfloat16", "layout": "channels-last", "compile": "no"}
    made, begun = (
        tomllib.loads((tmp_path / "begun" / name).read_text())["train"]
        for name in ("train.toml", "training/train.toml")
    )
    assert made == begun | wanted
    assert {begun[name] for name in wanted} == {"auto"}  # as it was asked for, which is what --resume compares
    card = (tmp_path / "begun" / "README.md").read_text()
    assert "| `precision` | bfloat16 |" in card
    assert "| `layout` | channels-last |" in card
    longer = spectralkit("train", "--resume", "--precision", "auto", "--steps", "5", "--out", "begun")
    assert longer.returncode == 0, longer.stderr
    again = spectralkit("train", "--config", "begun/train.toml", "--out", "again")
    assert again.returncode == 0, again.stderr
    assert same(weights(tmp_path / "again"), weights(tmp_path / "begun"))


def test_a_killed_training_resumes_to_bitwise_the_same_weights(
    whole: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "killed"
    killed(tmp_path, "killed", "train", *TINY)  # after the fourth step
    assert not (out / "unet").exists()
    before = losses(out)[:4]
    resumed = launched([*PROGRAM, "train", "--resume", "--out", "killed", "--quiet"], tmp_path, environment)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert same(weights(out), weights(whole))
    assert [row["loss"] for row in losses(out)] == [row["loss"] for row in losses(whole)]
    assert losses(out)[:4] == before  # with their seconds: they were not taken again


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_step_and_says_how_to_go_on(
    number: signal.Signals, whole: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "stopped"
    command = [*PROGRAM, "train", *TINY, "--save-every", "1000", "--steps", "100000", "--out", "stopped"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while not (out / "training" / "train.toml").exists():
        assert process.poll() is None
        time.sleep(0.005)
    time.sleep(3)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    if losses(out):
        step = int(float(losses(out)[-1]["step"]))
        assert f"stopped after step {step} of 100000: go on with --resume --out stopped" in stderr
        assert torch.load(out / "training" / "state.pt", weights_only=True)["step"] == step
    assert "Traceback" not in stderr


def test_a_training_at_its_full_rate_may_be_prolonged_or_cooled_down(tmp_path: Path, spectralkit: Program) -> None:
    """As long as no step that is done would have been another, the end is free."""
    sloped = ("--schedule", "linear", "--cooldown", "0.5")
    begun = TINY[: TINY.index("--steps")] + TINY[TINY.index("--steps") + 2 :]
    assert spectralkit("train", *begun, *sloped, "--steps", "12", "--out", "straight").returncode == 0
    first = spectralkit("train", *begun, "--steps", "4", "--out", "long")  # at a constant rate
    assert first.returncode == 0
    longer = spectralkit("train", "--resume", *sloped, "--steps", "12", "--out", "long", "--quiet")
    assert (longer.returncode, longer.stderr) == (0, "")
    assert same(weights(tmp_path / "long"), weights(tmp_path / "straight"))
    late = spectralkit("train", "--resume", "--steps", "14", "--out", "long")
    assert late.returncode == 2
    assert "where steps is 12, not 14" in late.stderr


def test_what_an_older_version_began_is_gone_on_with(whole: Path, spectralkit: Program) -> None:
    """Its record lacks the options that came later."""
    record = whole / "training" / "train.toml"
    lines = [line for line in record.read_text().splitlines() if not line.startswith("latent_spread")]
    assert len(lines) == len(record.read_text().splitlines()) - 1
    record.write_text("\n".join(lines))
    longer = spectralkit("train", "--resume", "--steps", "13", "--out", "whole", "--quiet")
    assert (longer.returncode, longer.stderr) == (0, "")
    assert len(losses(whole)) == 13


def test_the_average_is_exported(whole: Path, spectralkit: Program) -> None:
    """Twelve steps in, it is still the weights themselves: here it is another."""
    path = whole / "training" / "state.pt"
    state = torch.load(path, weights_only=True)
    state["average"] = {name: value + 1 for name, value in state["average"].items()}
    torch.save(state, path)
    (whole / "training" / "exported").unlink()
    assert spectralkit("train", "--resume", "--out", "whole").returncode == 0
    assert same(weights(whole), {name: value.half() for name, value in state["average"].items()})


def test_two_processes_share_a_batch(whole: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """The whole batch is drawn by both, and each takes its rows: the weights differ by the order of sums alone."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--standalone"]
    command = [*launch, *PROGRAM[3:], "train", *TINY, "--out", "shared"]
    done = launched(command, tmp_path, environment)
    assert done.returncode == 0, done.stderr
    ours, theirs = weights(tmp_path / "shared"), weights(whole)
    for name, value in ours.items():
        torch.testing.assert_close(value.float(), theirs[name].float(), atol=2e-3, rtol=0)  # Adam amplifies rounding
    for our, their in zip(losses(tmp_path / "shared"), losses(whole), strict=True):  # the same samples
        assert float(our["loss"]) == pytest.approx(float(their["loss"]), rel=1e-3)
        assert float(our["norm"]) == pytest.approx(float(their["norm"]), rel=1e-2)
    assert json.loads((tmp_path / "shared" / "spectralkit.json").read_text())["training"]["processes"] == 2


def test_a_signal_to_one_of_two_processes_stops_both_and_saves(tmp_path: Path, environment: dict[str, str]) -> None:
    """They agree after the same step, or one would wait for the other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    command = [*PROGRAM, "train", *TINY, "--save-every", "1000", "--steps", "100000", "--out", "shared"]
    first, second = (
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**environment, **places, "RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    )
    while not (tmp_path / "shared" / "training" / "train.toml").exists():
        assert first.poll() is None
        time.sleep(0.005)
    time.sleep(3)
    second.send_signal(signal.SIGTERM)
    (_, told), (_, other) = (process.communicate(timeout=60) for process in (first, second))
    assert (first.returncode, second.returncode) == (128 + signal.SIGINT, 128 + signal.SIGTERM), told + other
    assert "go on with --resume --out shared" in told
    assert "Error" not in told + other
    step = torch.load(tmp_path / "shared" / "training" / "state.pt", weights_only=True)["step"]
    assert f"stopped after step {step} of" in told


def test_a_latent_training_is_moved_with_its_autoencoder_and_resumed(tmp_path: Path, spectralkit: Program) -> None:
    """The autoencoder is known by its weights, wherever it lies; its crops are not encoded again."""
    repair_torchvision()
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8), latent_channels=2
    ).save_pretrained(tmp_path / "first")
    asked = ("--size", "64", "--space", "latent", "--widths", "8", "--bank", "40", "--autoencoder")
    dry = spectralkit("train", *TINY, *asked, "./first", "--dry-run")
    assert "encoding 40 crops" in dry.stdout  # how long it would take
    assert dry.stderr == ""
    assert spectralkit("train", *TINY, *asked, "./first", "--out", "straight").returncode == 0
    first = spectralkit("train", *TINY, *asked, "./first", "--steps", "8", "--out", "begun")
    assert first.returncode == 0, first.stderr
    (tmp_path / "first").rename(tmp_path / "second")
    (tmp_path / "begun").rename(tmp_path / "moved")
    lost = spectralkit("train", "--resume", "--out", "moved", "--steps", "12")
    assert "no autoencoder at first" in lost.stderr
    found = spectralkit("train", "--resume", "--out", "moved", "--steps", "12", "--autoencoder", "./second")
    assert found.returncode == 0, found.stderr
    assert "encoding" not in found.stderr
    assert same(weights(tmp_path / "moved"), weights(tmp_path / "straight"))
    rows = load_file(tmp_path / "moved" / "training" / "bank.safetensors")["rows"].double()
    latent = json.loads((tmp_path / "moved" / "spectralkit.json").read_text())["latent"]
    assert rows.mean(dim=(0, 2, 3)).tolist() == pytest.approx(latent["shift"], rel=1e-5)
    assert rows.std(dim=(0, 2, 3)).tolist() == pytest.approx(latent["scale"], rel=1e-5)
    ran = spectralkit("run", "--model", "./moved", "--steps", "2", "--samples", "1", "--set", "dataset.size=64")
    assert ran.returncode == 0, ran.stderr


def test_precedence_is_option_file_preset(tmp_path: Path, spectralkit: Program) -> None:
    (tmp_path / "mine.toml").write_text("[train]\nsteps = 3\nwarmup = 7\n[train.settings.process]\nbeta_end = 0.03\n")
    asked = (
        *("train", "--preset", "ihc-ddim-latent", "--config", "mine.toml", "--space", "pixel", "--steps", "2"),
        *("--widths", "8", "--groups", "8", "--size", "32", "--batch", "2", "--optimiser", "adamw", "--warmup", "5"),
        *("--sample-steps", "2", "--set", "process.beta_start=2e-4", "--out", "layers", "--quiet"),
    )
    done = spectralkit(*asked)
    assert done.returncode == 0, done.stderr
    table = tomllib.loads((tmp_path / "layers" / "train.toml").read_text())["train"]
    assert (table["steps"], table["warmup"], table["loss"], table["widths"]) == (2, 5, "middle", [8])
    assert table["settings"]["process"] == {"beta_schedule": "linear", "beta_start": 2e-4, "beta_end": 0.03}


def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path, spectralkit: Program) -> None:
    done = spectralkit("train", *TINY, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    told = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    for name in ("parameters", "memory", "a step", "in all", "data sha256"):
        assert name in told
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options", [("--steps", "1"), ("--small-steps", "12"), ("--batch", "4", "--accumulation", "2")]
)
def test_a_dry_run_takes_any_number_of_steps_without_a_tracker(
    options: tuple[str, ...], tmp_path: Path, spectralkit: Program
) -> None:
    done = spectralkit("train", *TINY, *options, "--tracker", "tensorboard", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert not any(tmp_path.iterdir())


MEASURED = """
import sys, torch
from spectralkit.cli.main import main
from spectralkit_models_training.dry import memory
assert main(sys.argv[1:]) == 0
print("needed", memory(torch.device("cpu")) / 2**20)
"""


def test_a_dry_run_says_how_much_memory_a_training_needs(tmp_path: Path, environment: dict[str, str]) -> None:
    """With optimiser, average and state, which of eight million weights are several times what a gradient takes."""
    large = ("--backbone", "dit", "--hidden", "256", "--depth", "6", "--heads", "4", "--patch", "4", "--steps", "6")
    command = [sys.executable, "-W", "ignore", "-c", MEASURED, "train", *TINY, *large]
    told, needed = (launched([*command, *end], tmp_path, environment).stdout for end in (["--dry-run"], ["--out", "x"]))
    mebibytes = float(told.split("memory")[1].split("MiB")[0])
    assert mebibytes == pytest.approx(float(needed.split("needed")[1]), rel=0.1)


def test_a_tracker_follows_the_losses(tmp_path: Path, spectralkit: Program) -> None:
    pytest.importorskip("tensorboard", reason="the tracker is the user's to install")
    done = spectralkit("train", *TINY, "--tracker", "tensorboard", "--out", "tracked")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "tracked").rglob("events.out.tfevents*"))


REFUSED: list[tuple[tuple[str, ...], str]] = [
    (("--preset", "ihc-ddim-latnt"), "unknown preset 'ihc-ddim-latnt': did you mean 'ihc-ddim-latent'?"),
    (("--dataset", "ich"), "did you mean 'ihc'?"),
    (("--space", "latent"), "--space latent needs --autoencoder"),
    (("--autoencoder", "x/"), "--autoencoder serves a latent diffusion"),
    (("--latent-spread", "0.5"), "latent-spread is that of a latent diffusion: add --space latent or leave it out"),
    (("--latent-spread", "0"), "latent-spread must be a number above 0, got 0"),
    (("--space", "latent", "--autoencoder", "nowhere/"), "no autoencoder at nowhere"),
    (
        ("--space", "latent", "--autoencoder", "ddmi"),
        "no autoencoder at ddmi: did you mean 'ddim'? name a latent model, or a directory that holds config.json",
    ),
    (("--space", "latent", "--autoencoder", "qqq"), "no autoencoder at qqq: name a latent model, or a directory"),
    (("--space", "latent", "--autoencoder", "ddim"), "model 'ddim' works on pixels and has no autoencoder"),
    (("--process", "ddmi"), "did you mean 'ddim'"),
    (("--set", "process.nonsense=1"), "no parameter 'nonsense'"),
    (("--set", "proces.beta_end=1"), "names the part 'proces'"),
    (("--steps", "0"), "steps must be a whole number of at least 1, got 0"),
    (("--steps", "many"), "steps must be a whole number, got 'many'"),
    (("--learning-rate", "nan"), "learning-rate must be a number above 0 and at most 1, got 'nan'"),
    (("--batch", "5", "--accumulation", "2"), "batch 5 cannot be accumulated in 2 parts"),
    (("--widths", "8,12"), "widths must be multiples of groups, 8, got 12"),
    (("--widths", "wide"), "widths must be whole numbers of at least 8, like 96,128, got 'wide'"),
    (("--size", "48", "--widths", "8,8,8,8,8,8"), "halves a side of 48 5 times, which does not come out even"),
    (("--attention", "4"), "attention at resolution 4, but widths has only 2"),
    (("--backbone", "dit", "--patch", "5"), "patches of 5 do not divide a side of 32"),
    (("--backbone", "dit", "--hidden", "50", "--heads", "6"), "hidden 50 is no multiple of heads 6"),
    (("--small-steps", "3", "--backbone", "dit"), "small-steps needs a U-Net on pixels"),
    (("--tracker", "nobody"), "tracker 'nobody' is unknown or not installed"),
    (("--tracker", "wandb"), "tracker 'wandb' is unknown or not installed"),
    (("--beta1", "-0.1"), "beta1 must be a number of at least 0 and at most 0.999999, got -0.1"),
    (("--beta2", "1"), "beta2 must be a number of at least 0 and at most 0.999999, got 1.0"),
    (("--backbone", "dit", "--hidden", "50", "--heads", "5"), "hidden 50 is no multiple of 4"),
    (("--size", "40", "--widths", "8,8,8,8", "--small-steps", "2"), "halves a side of 20 3 times"),
    (("--set", "process.timesteps=20", "--sample-steps", "50"), "sample-steps 50 is impossible"),
    (("--set", "dataset.nonsense=1"), "data set 'ihc' has no parameter 'nonsense': it has "),
    (("--set", "dataset.task=edges", "--set", "dataset.scale=8"), "scale 8 has no meaning for task edges"),
    (("--set", "dataset.scale=3"), "scale 3 is impossible for data set ihc"),
    (("--size", "24", "--set", "dataset.scale=16"), "size 24 is impossible for data set ihc"),
    (("--device", "cuda:1"), "device must be one of auto, cpu, cuda, got 'cuda:1'"),
    (("--device", "tpu"), "device"),
    (("--score", "psnr"), "metric 'psnr' does not compare pictures with real ones"),
    (("--score", "kd-light"), "did you mean 'kd-lite0'?"),
    (("--resume",), "holds no training to resume"),
    (("--config", "missing.toml"), "cannot read configuration missing.toml"),
    (("--loss", "mean"), "loss must be one of output, min-snr, middle, got 'mean'"),
]


@pytest.mark.parametrize(("options", "told"), REFUSED, ids=lambda case: case if isinstance(case, str) else "")
def test_what_is_wrong_is_told_in_a_line_and_leaves_nothing(
    options: tuple[str, ...], told: str, tmp_path: Path, spectralkit: Program
) -> None:
    done = spectralkit("train", *TINY, *options, "--out", "refused")
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "refused").exists()


def test_where_something_lies_is_not_trained(whole: Path, tmp_path: Path, spectralkit: Program) -> None:
    before = sorted(path.name for path in whole.rglob("*"))
    for options, told in (
        ((), "whole holds a training: add --resume to go on with it"),
        (("--resume", "--batch", "8"), "--resume goes on with what was begun, where batch is 4, not 8"),
        (("--resume", "--steps", "11"), "--resume goes on with what was begun, where steps is 12, not 11"),
        (("--resume", "--schedule", "cosine"), "where schedule is constant, not cosine"),
        (("--resume", "--set", "process.beta_end=0.03"), "where settings is"),
    ):
        done = spectralkit("train", *TINY[: TINY.index("--steps")], *options, "--out", "whole")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert told in done.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("irreplaceable")
    done = spectralkit("train", *TINY, "--out", "full")
    assert done.returncode == 2
    assert "full already exists" in done.stderr
    assert os.listdir(tmp_path / "full") == ["thesis.txt"]
    assert sorted(path.name for path in whole.rglob("*")) == before
    again = spectralkit("train", "--resume", "--out", "whole")
    assert (again.returncode, again.stderr) == (0, "whole is done: nothing is left to train\n")
    shutil.rmtree(whole / "unet")
    assert spectralkit("train", "--resume", "--out", "whole", "--quiet").returncode == 0
    assert (whole / "unet").exists()  # what was lost is written again
    (whole / "loss.csv").unlink()  # the state knows by itself how far it came
    fewer = spectralkit("train", "--resume", "--steps", "11", "--out", "whole")
    assert "where steps is 12, not 11" in fewer.stderr
    (whole / "training" / "state.pt").unlink()
    longer = spectralkit("train", "--resume", "--steps", "14", "--out", "whole")
    assert "state.pt is gone, so there is nothing to go on from" in longer.stderr


def test_a_loss_that_is_no_number_names_the_step_and_keeps_the_state(tmp_path: Path, spectralkit: Program) -> None:
    wild = ("--learning-rate", "1", "--clip", "1e30", "--warmup", "0", "--steps", "4000", "--save-every", "1")
    done = spectralkit("train", *TINY, *wild, "--set", "process.beta_end=0.9999", "--loss", "min-snr", "--out", "wild")
    if done.returncode == 0:
        pytest.fail("this training should have diverged")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert " at step " in done.stderr
    step = int(done.stderr.split(" at step ")[1].split(":")[0])
    state = torch.load(tmp_path / "wild" / "training" / "state.pt", weights_only=True)
    assert state["step"] == step - 1
    assert all(torch.isfinite(value).all() for value in state["module"].values())


def diverging(step: int) -> Any:
    """The loss of a diffusion, which is no number from a step on."""
    loss = DiffusionTask.loss

    def diverged(self: DiffusionTask, module: torch.nn.Module, batch: Any, now: int) -> torch.Tensor:
        return loss(self, module, batch, now) * (math.nan if now + 1 >= step else 1)

    return diverged


def test_what_diverged_keeps_its_losses_and_who_goes_on_drops_them(
    whole: Path, tmp_path: Path, spectralkit: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(DiffusionTask, "loss", diverging(7))
        done = spectralkit("train", *TINY, "--out", "wild")  # a state is saved every four steps
    told = "the loss is nan at step 7: begin anew in another --out with a lower --learning-rate; the state of step 4 is"
    assert told in done.stderr
    assert [row["loss"] for row in losses(tmp_path / "wild")] == [row["loss"] for row in losses(whole)[:6]]
    assert image_size(tmp_path / "wild" / "loss.png")[0] > 100
    assert spectralkit("train", "--resume", "--out", "wild", "--quiet").returncode == 0
    assert [row["loss"] for row in losses(tmp_path / "wild")] == [row["loss"] for row in losses(whole)]
    assert same(weights(tmp_path / "wild"), weights(whole))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_diverged_at_once_says_that_nothing_was_saved(
    precision: str, tmp_path: Path, spectralkit: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DiffusionTask, "loss", diverging(1))
    done = spectralkit("train", *TINY, "--precision", precision, "--out", "wild")
    remedy = "a lower --learning-rate" + (" or --precision float32" if precision == "bfloat16" else "")
    assert f"another --out with {remedy}; no state was saved yet" in done.stderr
    assert not (tmp_path / "wild" / "loss.csv").exists()


def test_a_batch_that_cannot_be_read_says_how_to_go_on(
    tmp_path: Path, spectralkit: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = DiffusionTask.draw

    def unread(self: DiffusionTask, step: int, batch: int, generator: torch.Generator) -> Any:
        if step == 9:
            raise DataError("a file is gone")
        return draw(self, step, batch, generator)

    monkeypatch.setattr(DiffusionTask, "draw", unread)
    done = spectralkit("train", *TINY, "--out", "begun")
    assert "a file is gone; the state of step 8 is kept, from which --resume --out begun goes on" in done.stderr


def test_a_full_disk_keeps_the_last_state(tmp_path: Path, environment: dict[str, str]) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))

    done = launched([*PROGRAM, "train", *TINY, "--out", "full"], tmp_path, environment, small)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "state.pt: File too large: choose a place that takes larger files; no state was saved yet" in done.stderr
    assert not list((tmp_path / "full").rglob("*.partial"))


def test_another_process_in_the_same_place_is_told(tmp_path: Path, environment: dict[str, str]) -> None:
    command = [*PROGRAM, "train", *TINY, "--steps", "100000", "--out", "shared"]
    first = subprocess.Popen(command, cwd=tmp_path, env=environment)
    try:
        while not (tmp_path / "shared" / "training" / "train.toml").exists():
            time.sleep(0.01)
        second = launched(command, tmp_path, environment)
    finally:
        first.kill()
        first.wait()
    assert second.returncode == 2
    assert "another process trains in shared" in second.stderr
