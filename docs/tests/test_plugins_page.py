"""``plugins.md`` tells of every hook and every field, and each of its packages installs and works as printed."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from spectralkit.plugins import hookspecs
from spectralkit.plugins.specs import KINDS, Spec

PAGE = (Path(__file__).parents[1] / "plugins.md").read_text()
HOOKS = [hook for name, hook in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("spectralkit_")]


def test_there_is_a_hook_for_every_kind():
    assert sorted(hook.__name__ for hook in HOOKS) == sorted(f"spectralkit_{kind}s" for kind in KINDS)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_every_hook_is_told_with_its_signature(hook):
    returned = inspect.signature(hook).return_annotation
    assert f"`{hook.__name__}() -> {returned}`" in PAGE


@pytest.mark.parametrize("spec", [Spec, *KINDS.values()], ids=lambda spec: spec.__name__)
def test_every_field_is_told(spec):
    title = "every spec" if spec is Spec else f"`{spec.__name__}`"
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {title} |"))
    common = {field.name for field in attrs.fields(Spec)} if spec is not Spec else set()
    told = re.findall(r"`(\w+)`", row.split("|")[2])
    assert told == [field.name for field in attrs.fields(spec) if field.name not in common]


@pytest.mark.parametrize("variable", ["SPECTRALKIT_STRICT", "SPECTRALKIT_BLOCK", "SPECTRALKIT_DEBUG"])
def test_every_variable_is_told(variable):
    assert variable in PAGE


# --- the packages ---

CODE = re.compile(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
MODES = re.MULTILINE | re.DOTALL
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, MODES))
FILES = {title: dict(CODE.findall(text)) for title, text in SECTIONS.items() if "`pyproject.toml`:" in text}
CHECKS = [tuple(words.split()) for words in re.findall(r"^    spectralkit check (\w+ [\w-]+)$", PAGE, re.MULTILINE)]
SMALL = ["--samples", "2", "--steps", "3", "--device", "cpu", "--json"]


def named(title: str) -> list[tuple[str, str]]:
    """Kind and name of what the section's commands check."""
    return re.findall(r"^    spectralkit check (\w+) ([\w-]+)$", SECTIONS[title], re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the page, extracted and installed by pip into ``site``."""
    folder = tmp_path_factory.mktemp("page")
    for number, files in enumerate(FILES.values()):
        for path, text in files.items():
            written = folder / f"package{number}" / path
            written.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(text)
    packages = [str(folder / f"package{number}") for number in range(len(FILES))]
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--target", str(folder / "site"), *packages], check=True)
    return folder


def python(folder: Path, *arguments: str) -> str:
    paths = [str(folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_a_package_for_every_kind_with_its_check_and_its_test():
    code = "".join(text for files in FILES.values() for text in files.values())
    assert set(re.findall(r"def (spectralkit_\w+)", code)) == {f"spectralkit_{kind}s" for kind in KINDS}
    for title, files in FILES.items():
        (test,) = (text for path, text in files.items() if path.startswith("tests/"))
        tested = re.findall(r'^test_(\w+) = conformance\("(\w+)", "(\w+)".*\)$', test, re.MULTILINE)
        assert [(kind, name) for variable, kind, name in tested if variable == name] == named(title)
        assert tested or title == "A command"


def test_every_package_is_found(folder):
    plugins = json.loads(python(folder, "-m", "spectralkit", "plugins", "--json"))
    listed = {plugin["distribution"]: plugin for plugin in plugins}
    for files in FILES.values():
        name = re.search(r'name = "(.*)"', files["pyproject.toml"])[1]
        assert (listed[name]["status"], listed[name]["version"]) == ("ok", "1.0"), listed[name]


def test_every_check_of_the_page_passes(folder):
    code = "import sys; from spectralkit.cli.main import main; sys.exit(max(main(['check', *c]) for c in CHECKS))"
    told = python(folder, "-c", f"CHECKS = {CHECKS}\n{code}")  # in one process: torch is slow to import
    assert len(CHECKS) == sum(len(named(title)) for title in FILES)
    for kind, name in CHECKS:
        found, every = re.search(rf"^{kind} {name}: (\d+) of (\d+) laws hold", told, re.MULTILINE).groups()
        assert found == every


def test_every_test_of_the_page_passes(folder):
    tests = [str(path) for path in sorted(folder.glob("package*/tests/*.py"))]
    assert len(tests) == len(FILES)
    told = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", *tests)
    assert "failed" not in told


def test_a_preparation_tells_what_is_good_and_what_is_not(folder):
    (code,) = re.findall(
        r"^```python\n(.*?)^```", SECTIONS["A data set with training data"].partition("`prepare`")[2], MODES
    )
    told = python(folder, "-c", code)
    assert "photos (1 of 1): 0 good, 1 problem" in told
    assert "bad.png is no PNG" in told


def test_they_all_work_together(folder):
    words = ["--model", "blob", "--method", "adams+shell", "--dataset", "waves", "--metrics", "tint,contrast", *SMALL]
    words += ["--set", "contrast.floor=0.1"]
    report = json.loads(python(folder, "-m", "spectralkit", "run", *words, "--out", "together"))
    assert 0 <= report["scores"]["tint"] <= 3**0.5
    assert report["scores"]["contrast"] > 0
    assert report["cost"]["forwards"] == 6  # an evaluation a step, each way
    provided = {name: report["versions"][f"acme-{name}"] for name in ("blob", "adams", "shell", "waves", "tint")}
    assert set(provided.values()) == {"1.0"}
    assert "acme-cosine" not in report["versions"]


@pytest.mark.parametrize("process", ["cosine", "cosine-late"])
def test_the_process_serves_a_model(process, folder):
    words = ["--model", "gaussian", "--set", f"model.process={process}", "--dataset", "waves", *SMALL]
    report = json.loads(python(folder, "-m", "spectralkit", "run", *words, "--out", process))
    assert report["versions"]["acme-cosine"] == "1.0"


def test_the_command_has_its_alias_and_its_document(folder):
    document = json.loads(python(folder, "-m", "spectralkit", "gray", "waves", "--json"))
    assert document["samples"] == 16
    assert 0.4 < document["grey"] < 0.6


METHODS = """
import torch
from spectralkit.inversion.driver import invert
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registry import registry
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch

oracle = random_gaussian(0)
x0 = source_batch(oracle, 0, 2, 0)


def latent(parts, steps=10):
    return invert(parts, context_for(oracle, x0, steps)).latent


def error(parts, steps):
    context = context_for(oracle, x0, steps)
    exact = oracle.flow(context.x0, context.levels[0], context.levels[-1], context.source)
    return float((latent(parts, steps) - exact).norm())


none, whole = (latent(registry().build("method", "shell", amount=amount)) for amount in (0, 1))
torch.testing.assert_close(none, latent(Parts()), rtol=0, atol=0)
norms = whole.flatten(1).norm(dim=1)
torch.testing.assert_close(norms, torch.full_like(norms, whole[0].numel() ** 0.5))

adams = registry().build("method", "adams")
first, second = ([error(parts, steps) for steps in (100, 200)] for parts in (Parts(), adams))
assert second[1] < 0.2 * first[1]
assert first[0] / first[1] < 2.5 < 3 < second[0] / second[1]  # of first and of second order
"""


def test_the_methods_do_what_their_texts_say(folder):
    python(folder, "-c", METHODS)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("from spectralkit.plugins.registry import registry\n", "corrections=(ShellCorrection(amount=0.2),)"),
        ("import spectralkit as sk\n", "depth=0.5"),
    ],
)
def test_what_the_page_does_in_python_works(start, told, folder):
    (code,) = re.findall(rf"^```python\n({re.escape(start)}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    last = code.splitlines()[-1].partition("  #")[0]
    assert told in python(folder, "-c", f"{code}\nprint({last})")
