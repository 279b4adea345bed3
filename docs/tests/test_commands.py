"""What the pages and the packages' READMEs tell a reader to type can be typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from spectralkit.cli.main import build_parser, choose, main
from spectralkit.cli.run import read
from spectralkit.inversion.method import build_method
from spectralkit.plugins.registry import registry
from spectralkit_methods_cyclediff.testing import save_random

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "docs/running.md",
    ROOT / "docs/bench.md",
    ROOT / "docs/comparison.md",
    ROOT / "docs/diffusers.md",
    ROOT / "docs/pictures.md",
    ROOT / "docs/figures.md",
    ROOT / "docs/report.md",
    ROOT / "docs/index.md",
    ROOT / "README.md",
]
READMES = [
    *sorted(ROOT.glob("packages/*/*/README.md")),
    ROOT / "packages/core/README.md",
    ROOT / "packages/bench/README.md",
]
KINDS = ("methods", "models", "datasets")


def commands(path: Path) -> list[list[str]]:
    """Every ``spectralkit ...`` line of a code block, in words, without its comment."""
    lines = re.findall(r"^(?: {4})?(spectralkit .*)$", path.read_text(), re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


def snippets(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


def told(paths: list[Path]) -> list[list[str]]:
    return [words for path in paths for words in commands(path)]


@pytest.mark.parametrize("words", told([*PAGES, *READMES]), ids=" ".join)
def test_a_command_is_understood(words, tmp_path, monkeypatch):
    save_random(tmp_path / "translators")  # which an earlier command of the page makes
    monkeypatch.chdir(tmp_path)
    arguments = build_parser(registry(), choose(registry(), words[0])).parse_args(words)
    if words[0] == "run" and arguments.config is None:
        config = read(arguments)
        build_method(config.method, config.settings)


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.parent.name)
def test_a_readme_tells_how_to_install_the_package(path):
    text, kind = path.read_text(), path.parent.parent.name
    distribution = text.splitlines()[0].removeprefix("# ")
    assert f'name = "{distribution}"' in (path.parent / "pyproject.toml").read_text()
    if kind in KINDS:
        assert re.search(rf"^    pip install (.* )?{distribution}\b", text, re.MULTILINE)
        assert commands(path)


@pytest.mark.parametrize(
    "path", [path for path in READMES if path.parent.parent.name in KINDS], ids=lambda path: path.parent.name
)
def test_python_of_a_readme_runs(path):
    for snippet in snippets(path):
        exec(snippet, {})


def test_python_of_the_page_runs(capsys):
    (snippet,) = snippets(ROOT / "docs/running.md")
    exec(snippet, {})
    assert "(1, 3, 64, 64)" in capsys.readouterr().out.replace("torch.Size([1, 3, 64, 64])", "(1, 3, 64, 64)")


@pytest.mark.filterwarnings("ignore:null-class")
def test_the_commands_of_the_page_work(tmp_path, monkeypatch, capsys):
    # The same words, with a model that needs no training and as little to do as possible; what comes last wins.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-images").mkdir()
    Image.effect_noise((16, 12), 60).convert("RGB").save(tmp_path / "my-images/a.png")
    Image.effect_noise((80, 96), 60).convert("RGB").save(tmp_path / "photo.png")
    small = ["--model", "gaussian", "--steps", "4", "--quiet"]
    extra = {"run": [*small, "--samples", "1"], "translate": [*small, "--source", "low-x16", "--target", "high"]}
    for words in commands(ROOT / "docs/running.md"):
        assert main([*words, *extra[words[0]]]) == 0, (words, capsys.readouterr().err)
    assert (tmp_path / "runs/mine/metrics.json").is_file()
    assert (tmp_path / "runs/second/run.toml").is_file()
    assert len(list((tmp_path / "runs").glob("translate*/*.png"))) == 2
