"""``plugins.md`` tells of every hook and every field, and its plugin works as printed."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import torch

from spectralkit.inversion import driver
from spectralkit.inversion.parts import Parts
from spectralkit.metric import Score
from spectralkit.plugins import hookspecs
from spectralkit.plugins.registry import Registry, registry, survey
from spectralkit.plugins.specs import KINDS, Spec
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch

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


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """The page's plugin, installed as pip would."""
    files = dict(re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    project = tomllib.loads(files["pyproject.toml"])["project"]
    for path, text in files.items():
        written = tmp_path / path
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text)
    (tmp_path / "src/acme_shell/__init__.py").touch()
    info = tmp_path / f"src/acme_shell-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    entries = "".join(f"{name} = {value}\n" for name, value in project["entry-points"]["spectralkit"].items())
    (info / "entry_points.txt").write_text(f"[spectralkit]\n{entries}")
    monkeypatch.syspath_prepend(tmp_path / "src")
    importlib.invalidate_caches()
    survey.cache_clear()
    yield registry()
    survey.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_shell"]:
        del sys.modules[name]


def test_the_method_of_the_page_works(acme):
    assert acme.resolve("method", "shell").distribution == "acme-shell"
    assert [(p.name, p.type, p.help) for p in acme.parameters("method", "shell")] == [
        ("amount", "float", "Fraction of the way, in [0, 1].")
    ]
    denoiser = random_gaussian(0)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, 0), 10)

    def latent(parts: Parts) -> torch.Tensor:
        return driver.invert(parts, context).latent

    whole, none = (acme.build("method", "shell", amount=amount) for amount in (1, 0))
    torch.testing.assert_close(latent(none), latent(Parts()), rtol=0, atol=0)
    norms = latent(whole).flatten(1).norm(dim=1)
    torch.testing.assert_close(norms, torch.full_like(norms, latent(whole)[0].numel() ** 0.5))


def test_the_metric_of_the_page_works(acme):
    metric = acme.build("metric", "tint")
    assert isinstance(metric, Score)
    black = torch.zeros(2, 3, 4, 4)
    metric.update(source=black, generated=black + 0.5)
    assert float(metric.compute()) == pytest.approx(0.75**0.5)


def test_what_the_page_does_in_python_works(acme):
    code = re.findall(r"^```python\n(from spectralkit\.plugins\.registry.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(code) == 1
    exec(code[0], {})
    assert str(acme.build("method", "shell", amount=0.2).corrections) == "(ShellCorrection(amount=0.2),)"
