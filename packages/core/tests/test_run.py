"""``spectralkit run``: what a run directory holds, that it can be repeated, and what a person sees."""

from __future__ import annotations

import csv
import json
import math
import re
import sys
import tomllib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file

import spectralkit as sk
from spectralkit.cli.main import main
from spectralkit.cli.options import file_name
from spectralkit.cli.run import directory_parts
from spectralkit.errors import ConfigurationError
from spectralkit.metric import build_metric
from spectralkit.models.model import PixelCodec
from spectralkit.running import assembly
from spectralkit.running import run as runner
from spectralkit.running.config import RunConfig

ROUNDING = 2e-5  # float32 through a handful of Fourier transforms, whose blocking depends on the batch
TOY = ["--model", "gaussian", "--set", "model.process=toy", "--dataset", "toy"]
RUN = ["run", *TOY, "--method", "toy-push+toy-noised", "--metrics", "toy-mse,toy-gap", "--steps", "4", "--samples", "5"]

Run = Callable[..., Path]


@pytest.fixture
def here(here: Path, written: Callable[..., Path]) -> Path:
    written(here / "model")
    return here


@pytest.fixture
def execute(here: Path) -> Run:
    """Runs into the folder ``out``, with further options."""

    def _execute(out: str, *options: str) -> Path:
        assert main([*RUN, "--quiet", *options, "--out", out]) == 0
        return here / out

    return _execute


def numbers(directory: Path) -> dict:
    return json.loads((directory / "metrics.json").read_text())


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "samples.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def contents(directory: Path) -> dict[str, bytes]:
    """Every file that does not hold a time or a path."""
    files = [*directory.glob("samples/*"), *(directory / name for name in ("samples.csv", "grid.png", "run.toml"))]
    return {path.name: path.read_bytes() for path in files}


# --- the run directory ------------------------------------------------------------------------------------------------


PARTS = """
from spectralkit.plugins import DatasetSpec, ParameterizationSpec

def {name}(*arguments, **keywords):
    import acme_toy_parts as toy
    return getattr(toy, "{target}")(*arguments, **keywords)

@hookimpl
def spectralkit_{kind}s():
    return [{spec}(name="{name}", target="acme_{name}:{name}", summary=""{more})]
"""


def test_every_distribution_that_takes_part_is_recorded_with_its_version(here: Path, install) -> None:
    for number, (kind, spec, target, more) in enumerate(
        [
            ("method", "MethodSpec", "noised", ""),
            ("method", "MethodSpec", "push", ""),
            ("metric", "MetricSpec", "Mse", ", inputs=('generated', 'reference'), higher_is_better=False"),
            ("dataset", "DatasetSpec", "Toy", ""),
            ("parameterization", "ParameterizationSpec", "vp", ""),
            ("method", "MethodSpec", "push", ""),
        ]
    ):
        name = f"part{number}"
        source = PARTS.format(kind=kind, spec=spec, target=target, more=more, name=name)
        install(f"acme-{name}", name, source, version=f"{number}.5")
    words = ["--model", "gaussian", "--set", "model.process=part4", "--method", "part0+part1", "--metrics", "part2"]
    assert main(["run", *words, "--dataset", "part3", "--steps", "2", "--samples", "2", "--quiet", "--out", "out"]) == 0
    recorded = tomllib.loads(Path("out/run.toml").read_text())["versions"]
    assert {name: version for name, version in recorded.items() if name.startswith("acme-part")} == {
        f"acme-part{number}": f"{number}.5" for number in range(5)
    }
    assert recorded == numbers(here / "out")["versions"]


def test_a_run_directory_is_complete(execute: Run) -> None:
    out = execute("out")
    assert {path.name for path in out.iterdir()} == {"run.toml", "metrics.json", "samples.csv", "grid.png", "samples"}
    assert {path.name for path in (out / "samples").iterdir()} == {f"s{i}.png" for i in range(5)}
    with Image.open(out / "samples" / "s3.png") as image:
        assert (image.mode, image.size) == ("RGB", (8, 8))


def test_metrics_hold_scores_and_what_they_depend_on(execute: Run) -> None:
    found = numbers(execute("out"))
    assert list(found["scores"]) == ["toy-mse", "toy-gap"]
    assert found["details"]["toy-gap"]["structure"] == "rgb"
    assert (found["samples"], found["seed"], found["device"]) == (5, 42, found["device"])
    assert found["cost"] == {"forwards": 2 + 4, "backwards": 0}  # the method starts in the middle
    assert {"python", "torch", "spectralkit"} <= found["versions"].keys()
    assert found["versions"]["acme-toy"] == "1.0"
    assert found["config"]["dataset"] == "toy"
    assert found["config"]["metrics"] == ["toy-mse", "toy-gap"]
    assert found["seconds"] > 0


def test_there_is_a_row_a_sample_and_scores_are_their_means(execute: Run) -> None:
    out = execute("out")
    table = rows(out)
    assert [row["id"] for row in table] == [f"s{i}" for i in range(5)]
    for name, score in numbers(out)["scores"].items():
        assert score == pytest.approx(sum(float(row[name]) for row in table) / 5, rel=1e-6)
    mean = sum(float(row["toy-push/size"]) for row in table) / 5
    assert numbers(out)["diagnostics"] == {"toy-push/size": pytest.approx(mean)}


RECORDING = """
@hookimpl
def spectralkit_methods():
    return [MethodSpec(name="recording", target="acme_recording:recording", summary="")]

def recording(name: str, only: str = ""):
    from spectralkit.inversion.parts import Parts

    def record(probe, base, here, there):
        if only in ("", *probe.context.noise.ids):
            probe.context.meter.record(name, base.flatten(1).std(dim=1))
        return 0 * base

    return Parts(corrections=(record,))
"""


@pytest.mark.parametrize("name", ["spread", "recording/spread", "the spread", "toy-mses"])
def test_whatever_a_method_records_is_told(name: str, execute: Run, install) -> None:
    install("acme-recording", "recording", RECORDING)
    out = execute("out", "--method", f"toy-noised+recording(name={name!r})")
    column = [float(row[name]) for row in rows(out)]
    assert min(column) > 0
    assert numbers(out)["diagnostics"] == {name: pytest.approx(sum(column) / len(column))}


def test_what_is_recorded_of_some_batches_only_is_told_of_those(execute: Run, install) -> None:
    install("acme-recording", "recording", RECORDING)
    out = execute("out", "--method", "recording(name='late', only='s4')", "--batch-size", "2")
    *none, last = (row["late"] for row in rows(out))
    assert none == [""] * 4
    assert numbers(out)["diagnostics"] == {"late": pytest.approx(float(last))}


@pytest.mark.parametrize("name", ["toy-mse", "energy", "id"])
def test_a_record_in_the_place_of_a_score_is_refused(name: str, here: Path, install, capsys) -> None:
    install("acme-recording", "recording", RECORDING)
    assert main([*RUN, "--method", f"recording(name={name!r})"]) == 2
    told = f"method 'recording' of acme-recording 1.0 breaks its contract: .* recorded '{name}', which is not free"
    assert re.search(told, capsys.readouterr().err)


def test_the_rows_are_the_images(execute: Run, here: Path) -> None:
    """The metric, computed again from the written files, up to their 8 bits."""
    from spectralkit.running.picture import read_image

    out, dataset = execute("out"), sk.load_dataset("toy")
    for i, row in enumerate(rows(out)):
        error = (read_image(out / "samples" / f"{row['id']}.png") - dataset[i].reference).square().mean()
        assert float(row["toy-mse"]) == pytest.approx(float(error), abs=2 / 255)


@pytest.mark.parametrize("channels", [2, 4])
def test_images_of_any_number_of_channels(channels: int, execute: Run) -> None:
    """All of them are kept; the picture shows them in false colours."""
    from spectralkit.running.picture import read_image

    out, dataset = execute("out", "--set", f"dataset.channels={channels}"), sk.load_dataset("toy", channels=channels)
    for i, row in enumerate(rows(out)):
        found = read_image(out / "samples" / f"{row['id']}.tif", channels)
        error = float((found - dataset[i].reference).square().mean())
        assert float(row["toy-mse"]) == pytest.approx(error, abs=2 / 255)
    with Image.open(out / "grid.png") as picture:
        assert picture.mode == "RGB"


def test_latents_are_written_on_request(execute: Run) -> None:
    out = execute("out", "--save-latents")
    latents = load_file(out / "latents.safetensors")
    assert latents.keys() == {f"s{i}" for i in range(5)}
    for row in rows(out):
        assert latents[row["id"]].shape == (3, 8, 8)
        assert float(row["energy"]) == pytest.approx(float(latents[row["id"]].square().mean()), rel=1e-5)


def test_latents_of_any_layout_in_memory_are_written(
    execute: Run, monkeypatch: pytest.MonkeyPatch, written: Callable[..., Path]
) -> None:
    Image.effect_noise((8, 8), 50).convert("RGB").save("a.png")
    strided = lambda self, images, noise: (2 * images - 1).to(memory_format=torch.channels_last)  # noqa: E731
    monkeypatch.setattr(PixelCodec, "encode", strided)
    common = ["--model", str(written(Path("model").absolute())), "--steps", "2", "--save-latents", "--quiet"]
    for words in (["run", "--metrics", "toy-mse", "--samples", "2"], ["translate", "a.png"]):
        assert main([*words, *common, "--out", words[0]]) == 0
        assert all(latent.shape == (3, 8, 8) for latent in load_file(f"{words[0]}/latents.safetensors").values())


def test_latents_of_an_exploding_process_are_of_unit_scale(execute: Run) -> None:
    energy = [float(r["energy"]) for r in rows(execute("out", "--set", "model.process=toy-ve"))]
    assert all(0.3 < e < 3 for e in energy)


# --- repetition -------------------------------------------------------------------------------------------------------


def test_the_same_command_gives_the_same_bits(execute: Run) -> None:
    first, second = execute("first"), execute("second")
    assert contents(first) == contents(second)
    assert numbers(first)["scores"] == numbers(second)["scores"]


def test_a_run_can_be_repeated_from_its_own_record(execute: Run, here: Path) -> None:
    first = execute("first", "--guidance", "1.5", "--seed", "7", "--scale", "4", "--set", "toy-push.weight=0.2")
    assert main(["run", "--config", "first/run.toml", "--quiet", "--out", "second"]) == 0
    assert contents(first) == contents(here / "second")
    assert numbers(first)["scores"] == numbers(here / "second")["scores"]


def test_options_win_over_the_configuration_file(execute: Run, here: Path) -> None:
    execute("first", "--set", "toy-push.weight=0.2")
    options = ["--config", "first/run.toml", "--samples", "2", "--set", "toy-push.weight=0.3"]
    assert main(["run", *options, "--quiet", "--out", "second"]) == 0
    config = numbers(here / "second")["config"]
    assert (config["samples"], config["steps"]) == (2, 4)
    assert config["settings"] == {"model": {"process": "toy"}, "toy-push": {"weight": 0.3}}


@pytest.mark.parametrize("size", ["1", "2", "3", "5", "1" + "0" * 18])
def test_the_batch_size_changes_no_sample(size: str, execute: Run) -> None:
    whole, parts = (
        rows(execute("whole", "--guidance", "2")),
        rows(execute("parts", "--guidance", "2", "--batch-size", size)),
    )
    for one, other in zip(whole, parts, strict=True):
        assert one.pop("id") == other.pop("id")
        for name, value in one.items():
            assert float(other[name]) == pytest.approx(float(value), rel=ROUNDING, abs=ROUNDING)


def test_the_cost_does_not_depend_on_the_batch_size(execute: Run) -> None:
    assert numbers(execute("whole"))["cost"] == numbers(execute("parts", "--batch-size", "2"))["cost"]


def test_another_seed_gives_other_noise(execute: Run) -> None:
    assert numbers(execute("first"))["scores"] != numbers(execute("second", "--seed", "43"))["scores"]


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assignment", "same_as"),
    [
        ("toy-push.weight=0.7", ["--method", "toy-push(weight=0.7)+toy-noised"]),
        ("toy-push.kind=hard", ["--method", "toy-push(kind='hard')+toy-noised"]),
        ("toy-mse.power=1", None),
        ("dataset.scale=4", ["--scale", "4"]),
        ("model.floor=0.5", None),
    ],
)
def test_settings_reach_every_part(assignment: str, same_as: list[str] | None, execute: Run) -> None:
    plain, changed = numbers(execute("plain")), numbers(execute("changed", "--set", assignment))
    assert plain["scores"]["toy-mse"] != changed["scores"]["toy-mse"]
    if same_as is not None:
        assert numbers(execute("same", *same_as))["scores"] == changed["scores"]


def test_a_setting_wins_over_the_expression(execute: Run) -> None:
    one = execute("one", "--method", "toy-push(weight=0.1)+toy-noised", "--set", "toy-push.weight=0.7")
    other = execute("other", "--method", "toy-push(weight=0.7)+toy-noised")
    assert numbers(one)["scores"] == numbers(other)["scores"]


def test_the_data_default_to_what_the_model_was_trained_on(here: Path) -> None:
    assert main(["run", "--model", "./model", "--metrics", "toy-mse", "--steps", "2", "--quiet", "--out", "out"]) == 0
    found = numbers(here / "out")
    assert (found["config"]["dataset"], found["samples"]) == ("toy", 6)  # all, where there are fewer than 16
    record = tomllib.loads((here / "out" / "run.toml").read_text())
    assert record["model"]["training"] == {"steps": 0}


def test_the_domains_of_the_data_go_by_the_models_conditions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--dataset", "toy", "--metrics", "toy-mse", "--samples", "2", "--steps", "2", "--method", "toy-noised"]
    fitted = [*data, "--model", "gaussian", "--set", "model.process=toy", "--quiet"]
    assert main(["run", *fitted, "--out", "plain"]) == 0
    assert main(["run", *fitted, "--source", "dull", "--target", "sharp", "--out", "named"]) == 0
    for path in Path("plain/samples").iterdir():
        assert path.read_bytes() == (Path("named/samples") / path.name).read_bytes()
    assert tomllib.loads(Path("named/run.toml").read_text())["run"]["source"] == "dull"
    trained = ["run", *data, "--model", "./model", "--quiet"]
    assert main([*trained, "--out", "there"]) == 0
    assert main([*trained, "--source", "high", "--target", "low", "--out", "back"]) == 0
    assert Path("there/samples.csv").read_text() != Path("back/samples.csv").read_text()
    assert main([*trained, "--source", "dull", "--out", "wrong"]) == 2
    assert "knows low, high and not dull: name its own conditions" in capsys.readouterr().err


def test_a_model_may_lie_here(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "model")
    assert main(["run", "--model", ".", "--metrics", "toy-mse", "--steps", "2", "--quiet", "--out", "../out"]) == 0
    assert main(["run", "--model", ".", "--metrics", "toy-mse", "--steps", "2", "--quiet"]) == 0
    options = RunConfig(model=".", metrics=("toy-mse",), steps=2)
    assert (here / "model" / "runs" / directory_name(options)).is_dir()


def test_the_default_metrics_are_those_installed_and_meaningful(execute: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "DEFAULT_METRICS", ("toy-mse", "toy-nowhere", "toy-gap"))
    without = [word for word in RUN if word not in ("--metrics", "toy-mse,toy-gap")]
    assert main([*without, "--quiet", "--out", "all"]) == 0
    assert main([*without, "--quiet", "--out", "bare", "--set", "dataset.fault=bare"]) == 0
    assert list(numbers(Path("all"))["scores"]) == ["toy-mse", "toy-gap"]
    assert list(numbers(Path("bare"))["scores"]) == ["toy-gap"]
    assert numbers(Path("bare"))["config"]["metrics"] == ["toy-gap"]


def test_a_score_against_training_images_is_left_out_where_there_are_none_unless_asked_for(
    execute: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], written: Callable[..., Path]
) -> None:
    monkeypatch.setattr(assembly, "DEFAULT_METRICS", ("toy-mse", "toy-gap"))
    held = [
        "run",
        "--model",
        str(written(Path("model").absolute())),
        "--steps",
        "2",
        "--set",
        "dataset.fault=held",
        "--quiet",
    ]
    assert main([*held, "--out", "held"]) == 0
    assert list(numbers(Path("held"))["scores"]) == ["toy-mse"]
    assert main([*held, "--metrics", "toy-gap", "--out", "asked"]) == 2
    assert "data set toy is held out" in capsys.readouterr().err


def test_a_metric_asked_for_twice_is_computed_once(execute: Run) -> None:
    assert list(numbers(execute("out", "--metrics", "toy-gap, toy-gap"))["scores"]) == ["toy-gap"]


def test_runs_are_numbered(here: Path) -> None:
    for _ in range(3):
        assert main([*RUN, "--quiet"]) == 0
    first, *others = sorted((path.name for path in Path("runs").iterdir()), key=len)
    assert re.fullmatch(r"gaussian-toy-push\+toy-noised-toy-steps4-samples5-set[0-9a-f]{8}-seed42", first)
    assert sorted(others) == [f"{first}-2", f"{first}-3"]


def directory_name(config: RunConfig) -> str:
    return file_name(directory_parts(config))


def test_the_directory_of_a_plain_run_is_named_by_the_plain_options() -> None:
    config = RunConfig(model="edm", method="ovg + taba")
    assert directory_name(config) == "edm-ovg+taba-seed42"


OPTIONS = {
    "steps": st.sampled_from([50, 51, 500]),
    "samples": st.sampled_from([None, 5]),
    "guidance": st.sampled_from([1.0, 2.0, 2.5]),
    "inversion_guidance": st.sampled_from([1.0, 2.0]),
    "label": st.sampled_from(["current", "next"]),
    "scale": st.sampled_from([None, 4, 8]),
    "seed": st.sampled_from([42, 4]),
    "metrics": st.sampled_from([None, ("s-g",), ("psnr", "s-g")]),
    "settings": st.sampled_from(
        [{}, {"ovg": {"clip": 1}}, {"ovg": {"clip": 2}}, {"ovg": {"clip": 1}, "s-g": {"x": 1}}]
    ),
}


@given(
    one=st.fixed_dictionaries({}, optional=OPTIONS),
    other=st.fixed_dictionaries({}, optional=OPTIONS),
)
def test_directories_tell_runs_apart_by_their_settings(one: dict, other: dict) -> None:
    first, second = RunConfig(**one), RunConfig(**other)
    assert (directory_name(first) == directory_name(second)) == (first == second)


def test_a_long_method_still_names_a_directory(here: Path) -> None:
    names = []
    for weight in (f"{'0' * 300}.1", f"{'0' * 300}.2"):
        long = f"toy-push(kind='soft', weight={weight})"
        assert main([*RUN, "--quiet", "--method", long]) == 0
        names = sorted(path.name for path in Path("runs").iterdir())
    assert len(names) == 2
    assert all(re.fullmatch(r"gaussian-toy-push_kind=_soft__weight=0+-[0-9a-f]{8}", name) for name in names)


# --- what a person sees -----------------------------------------------------------------------------------------------


def test_a_run_ends_with_a_table_and_where_to_look(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("gaussian, toy-push+toy-noised on toy: 5 samples, 4 steps, seed 42\n")
    assert re.search(r"^metric +score +better +details$", out, re.MULTILINE)
    assert re.search(r"^toy-mse +0\.\d{4} +lower$", out, re.MULTILINE)
    assert re.search(r"^toy-gap +0\.\d{4} +lower +grey 0\.\d+, structure rgb$", out, re.MULTILINE)
    assert re.search(r"^toy-mse +Difference\.$", out, re.MULTILINE)
    assert re.search(r"^toy-push/size +\S+ +How far it goes$", out, re.MULTILINE)
    assert "cost     6 forwards and 0 backwards a sample; " in out
    assert out.endswith("results  out\npicture  out/grid.png\n")


def test_json_is_one_document_of_all_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--json", "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {**numbers(here / "out"), "out": "out"}


def test_quiet_is_silent(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--quiet", "--out", "out"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_a_warning_is_one_line(option: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as outside of tests
        assert main([*RUN, "--method", "toy-doubtful", option, "--out", "out"]) == 0
    assert capsys.readouterr().err == "spectralkit: warning: this is doubtful\n"


def test_a_score_may_have_a_target_instead_of_a_direction(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--metrics", "toy-grey", "--out", "out"]) == 0
    assert re.search(r"^toy-grey +0\.\d{4} +target$", capsys.readouterr().out, re.MULTILINE)


def test_a_score_may_be_infinite(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--metrics", "toy-endless", "--out", "out"]) == 0
    assert re.search(r"^toy-endless +inf +higher$", capsys.readouterr().out, re.MULTILINE)
    assert numbers(here / "out")["scores"] == {"toy-endless": None}


def test_the_progress_bar_is_on_stderr_and_only_on_a_terminal(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert main([*RUN, "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert "translating" in err
    assert "translating" not in out
    assert "\x1b" not in out
    for option in ("--quiet", "--json"):
        assert main([*RUN, option, "--out", f"out{option}"]) == 0
        assert capsys.readouterr().err == ""


@attrs.define
class Recorder:
    """A watch that remembers."""

    expected: list[int] = attrs.field(factory=list)
    advanced: int = 0

    def tell(self, lines: Sequence[str]) -> None:
        pass

    def expect(self, transitions: int) -> None:
        self.expected.append(transitions)

    def advance(self) -> None:
        self.advanced += 1


@pytest.mark.parametrize(
    ("method", "transitions"), [("standard", 4 + 4), ("toy-noised", 2 + 4), ("toy-leap", 1 + 2), ("toy-push", 4 + 4)]
)
def test_the_bar_ends_full(method: str, transitions: int, here: Path) -> None:
    watch = Recorder()
    settings = {"model": {"process": "toy"}}
    config = RunConfig(
        model="gaussian",
        dataset="toy",
        method=method,
        metrics=("toy-mse",),
        settings=settings,
        steps=4,
        samples=5,
        batch_size=2,
    )
    runner.run(config, here / "out", watch=watch)
    assert watch.advanced == watch.expected[-1] == 3 * transitions
    assert watch.expected[0] >= watch.expected[-1]


def test_help_states_the_defaults_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    config = RunConfig()
    for option, default in (("model", config.model), ("steps", config.steps), ("seed", config.seed)):
        assert re.search(rf"--{option} .*?\(default: {default}\)", told)
    for option in ("--set", "--config", "--save-latents", "--label", "--metrics", "--json", "--quiet", "--out"):
        assert option in told


# --- in Python --------------------------------------------------------------------------------------------------------


def test_a_fact_cannot_be_passed_as_a_parameter(toys: Path) -> None:
    dataset = sk.load_dataset("toy")
    assert sk.load_metric("toy-gap", dataset=dataset).details()["structure"] == "rgb"
    with pytest.raises(ConfigurationError, match="metric 'toy-gap': 'structure' comes from the data set"):
        build_metric("toy-gap", {"structure": "rgb"}, dataset=dataset)


@pytest.mark.parametrize("ids", [["a"], ["a", "b", "c"]])
def test_every_image_needs_an_id(ids: list[str], toys: Path) -> None:
    model = sk.load_model("gaussian", dataset=sk.load_dataset("toy"), process="toy")
    with pytest.raises(ConfigurationError, match=f"2 images need as many ids, got {len(ids)}"):
        sk.translate(model, sk.load_method("standard"), torch.rand(2, 3, 8, 8), source="low", target="high", ids=ids)


@pytest.mark.parametrize("option", ["guidance", "inversion_guidance"])
def test_guidance_must_be_finite(option: str, toys: Path) -> None:
    model = sk.load_model("gaussian", dataset=sk.load_dataset("toy"), process="toy")
    images = torch.rand(2, 3, 8, 8)
    with pytest.raises(ConfigurationError, match=f"{option} must be a finite number"):
        sk.translate(model, sk.load_method("standard"), images, source="low", target="high", **{option: math.nan})
