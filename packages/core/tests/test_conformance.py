"""The conformance kit against plugins that are deliberately wrong: the law at fault is named, and the honest pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spectralkit.cli.main import main
from spectralkit.errors import ConfigurationError, PluginError, SpectralkitError, UnknownNameError
from spectralkit.testing import conformance, suite
from spectralkit.testing.law import LawBrokenError
from spectralkit.testing.suite import KITS

TOY = Path(__file__).with_name("toy_plugin.py").read_text()

HONEST = [
    *(("method", name) for name in ("standard", "toy", "toy-random")),
    *(("metric", name) for name in ("toy-target", "toy-best")),
    ("model", "toy-class"),
    *((kind, "toy") for kind in KITS[1:]),
]

WRONG = {
    ("method", "toy"): {
        "batch": "is-independent-of-the-batch",
        "order": "is-independent-of-the-batch",
        "noise": "does-not-depend-on-the-seed",
        "global noise": "is-reproducible",
        "uncounted": "counts-its-cost",
        "uncounted backward": "counts-its-cost",
        "unexplained": "explains-its-diagnostics",
        "in place": "leaves-the-source-alone",
        "base": "leaves-what-it-is-given-alone",
        "state": "leaves-what-it-is-given-alone",
        "prediction": "leaves-what-it-is-given-alone",
        "double": "keeps-its-precision",
        "overflow": "gives-a-finite-image",
        "float32": "gives-a-finite-image",
        "target": "depends-on-the-target",
        "refuses": "is-applicable",
        "hidden": "carries-its-state",
    },
    ("method", "toy-random"): {"": "depends-on-the-seed"},
    ("method", "toy-invertible"): {"": "returns-the-source"},
    ("method", "toy-trained"): {"": "refuses-another-target"},
    ("metric", "toy"): {
        "range": "lies-in-its-range",
        "random": "is-reproducible",
        "order": "ignores-the-order-of-samples",
        "batch": "ignores-the-split-into-batches",
        "values": "scores-samples-by-themselves",
        "reset": "starts-again-after-a-reset",
        "remembers": "shows-nothing-after-a-reset",
        "undirected": "says-which-way-is-better",
        "shared": "keeps-to-itself-in-a-collection",
        "half": "keeps-its-precision",
        "hasty": "loses-nothing-to-a-refused-batch",
        "empty": "has-no-score-without-samples",
        "accepts NaN": "refuses-what-is-no-number",
        "guesses the range": "refuses-images-out-of-range",
        "broadcasts": "refuses-differing-shapes",
        "in place": "leaves-its-inputs-alone",
        "direction": "prefers-the-truth",
        "details": "explains-itself",
        "no scalar": "is-a-score",
    },
    ("metric", "toy-best"): {"offset": "prefers-the-truth"},
    ("metric", "toy-swapped"): {"": "takes-its-inputs-by-place-and-by-name"},
    ("dataset", "toy"): {
        "name": "describes-itself",
        "conditions": "describes-itself",
        "shape": "holds-images",
        "range": "holds-images",
        "precision": "holds-images",
        "references": "holds-images",
        "ids": "has-unique-ids",
        "random build": "is-deterministic",
        "random read": "is-deterministic",
        "endless": "ends-where-it-says",
        "no targets": "has-training-images",
        "leak": "keeps-its-references-apart",
    },
    ("model", "toy"): {
        "dataset": "describes-itself",
        "shape": "fits-its-data",
        "conditions": "fits-its-data",
        "names": "knows-its-conditions",
        "same embeddings": "knows-its-conditions",
        "open codec": "codes-images",
        "batch codec": "codes-images",
        "inconsistent": "predicts",
        "one channel": "predicts",
        "one row": "predicts",
        "grey network": "predicts",
        "dropout": "is-deterministic",
        "ignores conditions": "listens-to-its-conditions",
        "guidance": "is-guided-affinely",
        "batch norm": "is-independent-of-the-batch",
        "detached": "can-be-differentiated",
        "thawed": "can-be-differentiated",
    },
    ("parameterization", "toy"): {
        "sign": "reconstructs-the-state",
        "target": "has-a-consistent-target",
        "scalars only": "serves-training-and-sampling-alike",
        "scale": "scales-its-input",
        "downhill": "climbs-from-clean-to-noisy",
        "short": "climbs-from-clean-to-noisy",
        "no steps": "refuses-to-stand-still",
        "draw": "draws-levels-for-training",
    },
}


@pytest.fixture(autouse=True)
def _toys(install: object) -> None:
    install("toys", "toys", TOY)  # type: ignore[operator]


def broken_laws(kind: str, name: str, **parameters: str) -> dict[str, str]:
    return {verdict.law.name: verdict.broken for verdict in suite(kind, name, **parameters).check() if verdict.broken}


@pytest.mark.parametrize(("kind", "name"), HONEST)
def test_what_keeps_its_contract_passes(kind: str, name: str) -> None:
    assert broken_laws(kind, name) == {}


@pytest.mark.parametrize(
    ("kind", "name", "defect", "law"),
    [(*thing, defect, law) for thing, defects in WRONG.items() for defect, law in defects.items()],
)
def test_what_breaks_its_contract_is_seen(kind: str, name: str, defect: str, law: str) -> None:
    tested = suite(kind, name, defect=defect)
    (suspect,) = (each for each in tested.laws if each.name == law)
    with pytest.raises((LawBrokenError, SpectralkitError), match=r"^[^\n]+$"):
        suspect.verify(tested.subject, 0)


def test_every_law_has_a_plugin_that_breaks_it() -> None:
    seen = {(kind, law) for (kind, _), defects in WRONG.items() for law in defects.values()}
    every = {(kind, law.name) for kind in KITS for name in _toys_of(kind) for law in suite(kind, name).laws}
    # Nothing built from Parts, torchmetrics and the registry can break these without breaking those.
    unbroken = {
        *(("method", law) for law in ("composes-with-the-unit", "ignores-a-zero-correction")),
        ("metric", "can-be-computed-in-parts"),
        *(("dataset", law) for law in ("draws-training-images", "has-a-digest", "refuses-unknown-parameters")),
        *(("model", law) for law in ("has-a-climbing-schedule", "moves-to-a-device")),
    }
    assert every - seen == unbroken


def _toys_of(kind: str) -> list[str]:
    return [name for toy_kind, name in WRONG if toy_kind == kind]


def test_a_target_of_the_wrong_type_is_named() -> None:
    with pytest.raises(
        PluginError, match=r"method 'toy' of toys 1\.0: toys:method returned 'no parts', expected a Parts"
    ):
        list(suite("method", "toy", defect="no parts").check())


def test_what_cannot_be_built_is_the_users_to_read() -> None:
    with pytest.raises(ConfigurationError, match="no parameter 'colour'"):
        list(suite("method", "toy", colour="red").check())
    with pytest.raises(UnknownNameError, match="unknown method 'nothing'"):
        conformance("method", "nothing")
    with pytest.raises(ConfigurationError, match="no laws for the kind 'command'"):
        suite("command", "run")


def test_check_prints_a_line_a_law_and_fails_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "parameterization", "toy"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == ["ok"] * 7
    assert lines[-1] == "parameterization toy: 7 of 7 laws hold"

    assert main(["check", "parameterization", "toy", "--set", "toy.defect=scale"]) == 1
    out = capsys.readouterr().out
    assert "FAILED  scales-its-input: LawBrokenError" in out
    assert out.endswith("6 of 7 laws hold\n")

    assert main(["check", "parameterization", "toy", "--set", "toy.defect=scale", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is False
    assert [law["law"] for law in document["laws"] if not law["ok"]] == ["scales-its-input"]
    assert all(set(law) == {"law", "statement", "ok", "reason"} for law in document["laws"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "method", "nothing"], "unknown method 'nothing'"),
        (["check", "command", "run"], "invalid choice"),
        (["check", "method", "toy", "--set", "defect"], "malformed setting"),
        (["check", "method", "toy", "--set", "tony.defect=x"], "tony"),
        (["check", "method", "toy", "--set", "toy.colour=red"], "no parameter 'colour'"),
    ],
)
def test_a_mistake_of_the_user_is_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert captured.err.count("\n") == 1


def test_conformance_is_a_pytest_test_in_one_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from spectralkit.testing import conformance

        test_good = conformance("parameterization", "toy")
        test_bad = conformance("parameterization", "toy", defect="scale")
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1, passed=13)
    result.stdout.fnmatch_lines(["*test_bad*scales-its-input*", "*LawBrokenError: *the input scale is 0.0*"])


NEEDY = """
from spectralkit.plugins import DatasetSpec, ModelSpec, hookimpl
import attrs
import toys

@attrs.frozen(eq=False)
class Needy(toys.ToyData):
    folder: str = attrs.field(kw_only=True)
    scale: int = attrs.field(default=4, kw_only=True)
    name = "needy"

def training(folder: str):
    assert folder == "here"
    return toys.ToyTraining()

def fitted(dataset, folder: str = ""):
    assert dataset.folder == "here"
    return attrs.evolve(toys.model(), name="fitted", dataset="needy")

def trained():
    return attrs.evolve(toys.model(), name="trained", dataset="needy")

@hookimpl
def spectralkit_datasets():
    return [DatasetSpec(name="needy", target="needy:Needy", training="needy:training", summary="")]

@hookimpl
def spectralkit_models():
    return [
        ModelSpec(name="fitted", target="needy:fitted", summary="", dataset="needy", fitted=True),
        ModelSpec(name="trained", target="needy:trained", summary="", dataset="needy"),
    ]
"""


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["dataset", "needy"], 2, "needs folder (str)"),
        (["dataset", "needy", "--set", "needy.folder=here"], 0, "laws hold"),
        (["dataset", "needy", "--set", "needy.folder=here", "--set", "needy.scale=2"], 0, "laws hold"),
        (["model", "fitted"], 2, "needs folder (str)"),
        (["model", "fitted", "--set", "dataset.folder=here"], 0, "laws hold"),
        (["model", "trained", "--set", "dataset.folder=here"], 0, "laws hold"),
        (["model", "trained"], 1, "FAILED  fits-its-data: ConfigurationError: dataset 'needy': needs folder"),
        (["dataset", "needy", "--set", "dataset.folder=here"], 2, "no part of this run"),
    ],
)
def test_a_data_set_and_a_model_on_it_are_checked_with_what_they_need(
    words: list[str], code: int, told: str, install: object, capsys: pytest.CaptureFixture[str]
) -> None:
    install("needy", "needy", NEEDY)  # type: ignore[operator]
    assert main(["check", *words]) == code
    assert told in "".join(capsys.readouterr())


def test_conformance_takes_what_a_data_set_needs(install: object) -> None:
    install("needy", "needy", NEEDY)  # type: ignore[operator]
    assert broken_laws("dataset", "needy", folder="here") == {}
    assert broken_laws("model", "fitted", dataset={"folder": "here"}) == {}  # type: ignore[arg-type]
