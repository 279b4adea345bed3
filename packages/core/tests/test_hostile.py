"""Whatever a plugin does, the program goes on, or stops with exit code 2 and one line that names the plugin."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from PIL import Image

from spectralkit.cli.main import main
from spectralkit.plugins.registry import survey

EVIL = """
from spectralkit.plugins import DatasetSpec, ParameterizationSpec

def _specs(kind, names, **fields):
    return [kind(name=name, target=f"acme_evil_parts:{target}", summary="", **fields) for name, target in names.items()]

@hookimpl
def spectralkit_methods():
    return _specs(MethodSpec, {"evil": "method", "loud": "loud"})

@hookimpl
def spectralkit_datasets():
    return _specs(DatasetSpec, {"evil": "data"})

@hookimpl
def spectralkit_metrics():
    return _specs(MetricSpec, {"evil": "metric"}, inputs=("generated",), higher_is_better=True)

@hookimpl
def spectralkit_models():
    return _specs(ModelSpec, {"evil": "model"}, dataset="toy")

@hookimpl
def spectralkit_parameterizations():
    return _specs(ParameterizationSpec, {"evil": "process"})
"""

RAISED = (
    *("exits", "interrupts", "generator exit", "base exception", "unprintable", "exiting", "stops", "os error"),
    *("broken pipe", "fails", "recurses", "huge message", "in circles"),
)
RETURNED = ("none", "text", "nothing", "scalar", "shape", "more", "pair", "unspeakable")

PLACES = {
    "method": ("correction", "start", "step", "sampler", "sampler init"),
    "dataset": ("shape", "length", "first", "item", "source", "id"),
    "metric": ("compute", "details", "detail", "score", "values"),
    "model": ("denoiser", "half", "encode", "decode", "move", "model shape", "conditions", "null", "schedule"),
}
"""Where a plugin of a kind is called after it is built."""

HARMLESS = {
    # what is right in that place
    *(("metric", where, how) for where, how in (("compute", "scalar"), ("values", "none"), ("detail", "text"))),
    *(("model", "null", how) for how in ("none", "scalar", "shape", "more")),  # not looked at without guidance
    *(("metric", "details", "nothing"), ("dataset", "id", "text")),
}


@pytest.fixture
def evil(toys: Path, install) -> Path:
    shutil.copy(Path(__file__).with_name("hostile.py"), toys / "acme_evil_parts.py")
    shutil.copy(Path(__file__).with_name("toy.py"), toys / "toy.py")
    install("acme-evil", "evil", EVIL)
    yield toys
    for name in ("acme_evil_parts", "toy"):
        sys.modules.pop(name, None)


def arguments(kind: str, where: str, how: str, out: Path) -> list[str]:
    """A small run with one evil thing in it."""
    chosen = {"model": "gaussian", "method": "standard", "dataset": "toy", "metric": "toy-mse"} | {kind: "evil"}
    part = kind if kind in ("model", "dataset") else "evil"
    words = ["run", "--steps", "2", "--samples", "4", "--batch-size", "2", "--device", "cpu", "--quiet"]
    words += ["--out", str(out), "--model", chosen["model"], "--method", chosen["method"]]
    words += ["--dataset", chosen["dataset"], "--metrics", chosen["metric"]]
    if chosen["model"] == "gaussian":
        words += ["--set", "model.process=toy"]
    return [*words, "--set", f"{part}.where={where}", "--set", f"{part}.how={how}"]


def refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr of a command that ended with exit code 2 and printed nothing else."""
    code = main(words)
    out, err = capsys.readouterr()
    assert code == 2, err
    assert out == ""
    assert err.endswith("\n")
    assert err[:-1].isprintable()
    assert len(err) < 1200
    return err


@pytest.mark.parametrize("how", [*RAISED, *RETURNED])
@pytest.mark.parametrize("kind", ["method", "dataset", "metric", "model"])
def test_a_target_that_does_not_build_what_it_should_is_named(kind, how, evil, tmp_path, capsys):
    where = "product" if kind in ("dataset", "metric") and how in RETURNED else "target"
    told = refusal(arguments(kind, where, how, tmp_path / "runs" / "out"), capsys)
    assert f"{kind} 'evil' of acme-evil 1.0" in told
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("how", ["exits", "interrupts", "base exception", "unprintable", *RETURNED])
@pytest.mark.parametrize("place", [(kind, where) for kind, places in PLACES.items() for where in places], ids="-".join)
def test_what_a_plugin_does_while_it_runs_is_told_in_its_name(place, how, evil, tmp_path, capsys):
    kind, where = place
    words = arguments(kind, where, how, tmp_path / "runs" / "out")
    if (kind, where, how) in HARMLESS:
        assert main(words) in (0, 2)
        return
    told = refusal(words, capsys)
    assert f"{kind} 'evil' of acme-evil 1.0" in told or "sample id" in told
    assert "standard" not in told  # the innocent are not named
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("how", RAISED)
def test_a_training_image_that_raises_is_the_data_sets_and_not_the_models(how, evil, tmp_path, capsys):
    told = refusal(arguments("dataset", "stream", how, tmp_path / "out"), capsys)
    assert "dataset 'evil' of acme-evil 1.0 failed" in told
    assert "model" not in told


def test_a_parameterization_is_named_where_a_model_asks_for_it(evil, tmp_path, capsys):
    words = arguments("parameterization", "target", "exits", tmp_path / "out")
    words = ["model.process=evil" if word == "model.process=toy" else word for word in words]
    told = refusal(words[:-4], capsys)  # its parameters are their defaults
    assert "parameterization 'evil' of acme-evil 1.0 failed: SystemExit: 0" in told


def test_of_two_methods_the_one_at_fault_is_named(evil, tmp_path, capsys):
    for how, where in (("fails", "correction"), ("none", "correction"), ("none", "step"), ("shape", "sampler")):
        words = arguments("method", where, how, tmp_path / "out")
        words[words.index("evil")] = "toy-noised+evil"
        told = refusal(words, capsys)
        assert re.search(r"method 'evil' of acme-evil 1\.0 (failed|breaks its contract): ", told)
        assert "toy-noised" not in told


@pytest.mark.parametrize("where", ["index", "records", "builtin"])
def test_odd_parts_are_the_methods(where, evil, tmp_path, capsys):
    assert "method 'evil' of acme-evil 1.0" in refusal(arguments("method", where, "none", tmp_path / "out"), capsys)


UNBORN = """
from spectralkit.metric import MeanScore

@hookimpl
def spectralkit_metrics():
    return [MetricSpec(name=name, target=f"acme_unborn:{name.title()}", summary="", inputs=("generated",),
                       higher_is_better=True) for name in ("late", "never")]

class Never(MeanScore):
    higher_is_better = True

    def __init__(self):
        self.power = 1

    def score(self, generated):
        return generated.flatten(1).mean(1)

class Late(Never):
    def __init__(self):
        self.add_state("more", [])
"""


@pytest.mark.parametrize("name", ["late", "never"])
def test_a_metric_without_its_parents_constructor_is_named(name, evil, install, tmp_path, capsys):
    install("acme-unborn", "unborn", UNBORN)
    words = arguments("model", "", "", tmp_path / "out")[:-4]
    words[words.index("--model") + 1], words[words.index("toy-mse")] = "gaussian", name
    told = refusal([*words, "--set", "model.process=toy"], capsys)
    assert f"metric '{name}' of acme-unborn 1.0 breaks its contract: <class 'acme_unborn.{name.title()}'> does" in told


def test_a_sample_of_integers_is_told(evil, tmp_path, capsys):
    told = refusal(arguments("dataset", "source", "integers", tmp_path / "out"), capsys)
    assert "dataset 'evil' of acme-evil 1.0 breaks its contract" in told
    assert "no floating-point tensor as the source of sample 's0'" in told


@pytest.mark.parametrize("how", ["exits", "interrupts", "base exception", "none"])
@pytest.mark.parametrize("kind", ["method", "dataset", "metric", "model", "parameterization"])
def test_checking_a_hostile_plugin_ends_with_a_line(kind, how, evil, capsys):
    words = ["check", kind, "evil", "--set", "evil.where=target", "--set", f"evil.how={how}"]
    if (kind, how) in (("dataset", "none"), ("metric", "none")):
        words[4] = "evil.where=product"
    assert f"{kind} 'evil' of acme-evil 1.0" in refusal(words, capsys)


def test_a_law_that_a_plugin_ends_the_program_in_is_broken(evil, capsys):
    assert main(["check", "dataset", "evil", "--set", "evil.where=item", "--set", "evil.how=exits"]) == 1
    assert "FAILED  holds-images: SystemExit: 0" in capsys.readouterr().out


def test_debugging_shows_what_was_raised(evil, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SPECTRALKIT_DEBUG", "1")
    assert main(arguments("method", "correction", "fails", tmp_path / "out")) == 2
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert "in act" in err


def spectralkit(site: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spectralkit", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        check=False,
        timeout=120,
        **options,  # type: ignore[call-overload]
    )


def test_with_json_whatever_is_written_to_the_descriptor_goes_elsewhere(evil, tmp_path):
    (evil / "acme_evil.py").write_text(
        (evil / "acme_evil.py").read_text() + "\nimport os\nos.write(1, b'at import\\n')\nos.system('echo by child')\n"
    )
    words = arguments("method", "correction", "none", tmp_path / "out")[:-4]
    words[words.index("evil")] = "loud"
    done = spectralkit(evil, *words, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 4
    for told in ("by print", "by descriptor", "by child", "by libc", "at import", "at exit", "by print at exit"):
        assert told in done.stderr


def test_with_json_a_closed_stdout_is_no_disaster(evil):
    script = f"{sys.executable} -m spectralkit plugins --json >&-"
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(evil)}, check=False
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_the_users_interruption_is_not_taken_for_the_plugins(evil, tmp_path):
    """A real Ctrl-C, though the plugin swallows it."""
    (evil / "acme_evil_parts.py").write_text(
        textwrap.dedent(
            """
            import sys, time
            from spectralkit.inversion.parts import Parts

            def method(where="", how=""):
                return Parts(corrections=(wait,))

            def wait(probe, base, here, there):
                print("ready", file=sys.stderr, flush=True)
                try:
                    time.sleep(60)
                except BaseException:
                    raise ValueError("swallowed")
            """
        )
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "spectralkit", *arguments("method", "", "", tmp_path / "out")[:-4]],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{evil}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )
    assert running.stderr is not None
    assert running.stderr.readline() == "ready\n"
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (130, "spectralkit: interrupted\n")
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize(
    "source",
    [
        "def configure(parser): raise SystemExit(0)",
        "def configure(parser): raise KeyboardInterrupt",
        "def configure(parser): parser.add_argument('--help')",
        "def configure(parser): parser.add_argument('command')\nraise SystemExit",
        "def configure(parser): return 1 / 0",
    ],
)
def test_a_command_that_cannot_be_configured_is_named(source, install, capsys):
    text = f"""
from spectralkit.cli.command import Command
{source}
def run(args): return 0
command = Command(configure, run)
"""
    module = install(
        "acme-act",
        "act",
        "@hookimpl\ndef spectralkit_commands():\n"
        "    return [CommandSpec(name='act', target='acme_act_code:command', summary='')]",
    )
    code = Path(sys.path[0]) / f"{module}_code.py"
    code.write_text(text)
    try:
        assert "command 'act' of acme-act 1.0" in refusal(["act"], capsys)
        assert main(["--help"]) == 0
    finally:
        sys.modules.pop("acme_act_code", None)


@pytest.mark.parametrize("how", ["exits", "fails", "base exception"])
def test_what_a_strangers_command_loads_may_not_end_the_program(how, evil, install, capsys):
    source = """
from spectralkit.cli.command import Command

def run(args):
    from spectralkit.api import load_dataset
    dataset = load_dataset("evil", where="item", how=args.how)
    return len([dataset[i] for i in range(4)])

command = Command(lambda parser: parser.add_argument("how"), run)

@hookimpl
def spectralkit_commands():
    return [CommandSpec(name="act", target="acme_act:command", summary="")]
"""
    install("acme-act", "act", source)
    assert "dataset 'evil' of acme-evil 1.0 failed" in refusal(["act", how], capsys)


@pytest.mark.parametrize("how", ["exits", "interrupts", "unprintable", "none", "shape", "unspeakable"])
@pytest.mark.parametrize(
    "place",
    [(kind, where) for kind in ("method", "model") for where in ("target", *PLACES[kind]) if where != "null"],
    ids="-".join,
)
def test_translating_files_is_no_less_guarded(place, how, evil, tmp_path, capsys):
    kind, where = place
    Image.new("RGB", (8, 8), "gray").save(tmp_path / "a.png")
    words = ["translate", str(tmp_path / "a.png"), "--steps", "2", "--device", "cpu", "--quiet"]
    words += ["--model", "evil", "--method", "evil" if kind == "method" else "standard"]
    part = "model" if kind == "model" else "evil"
    words += ["--set", f"{part}.where={where}", "--set", f"{part}.how={how}", "--out", str(tmp_path / "out")]
    if kind == "method":
        words += ["--set", "model.where=nowhere"]
    assert f"{kind} 'evil' of acme-evil 1.0" in refusal(words, capsys)
    assert not (tmp_path / "out").exists()


def test_a_command_may_call_an_argument_command(install, capsys):
    source = """
from spectralkit.cli.command import Command
command = Command(lambda parser: parser.add_argument("command"), lambda args: 7 if args.command == "x" else 8)

@hookimpl
def spectralkit_commands():
    return [CommandSpec(name="act", target="acme_act:command", summary="")]
"""
    install("acme-act", "act", source)
    assert main(["act", "x"]) == 7


def test_the_survey_of_a_hostile_house_is_made_once(evil):
    assert survey() is survey()
