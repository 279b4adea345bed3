"""Plugins of strangers: distributions written to disk, as pip would leave them."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from spectralkit.plugins.registry import survey

IMPORTS = """
from spectralkit.plugins import hookimpl
from spectralkit.plugins import CommandSpec, MethodSpec, MetricSpec, ModelSpec
"""

Install = Callable[..., str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def install(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Write a distribution with one entry point, for a module of ``source``, into ``site``; returns the module's name.

    ``site`` is on this process's path until the test ends.
    """
    monkeypatch.syspath_prepend(site)
    modules = []

    def _install(distribution: str, entry: str, source: str, version: str = "1.0") -> str:
        module = distribution.replace("-", "_")
        (site / f"{module}.py").write_text(IMPORTS + source)
        info = site / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[spectralkit]\n{entry} = {module}\n")
        modules.append(module)
        importlib.invalidate_caches()
        survey.cache_clear()
        return module

    survey.cache_clear()
    yield _install
    survey.cache_clear()
    for module in modules:
        sys.modules.pop(module, None)


PATIENCE = 300
"""Seconds until a process is given up; it takes a few, but the machine may be busy."""


@attrs.frozen
class Running:
    """The program in a process of its own.

    Args:
        process: Its output is text, and piped.
    """

    process: subprocess.Popen[str]

    def ended(self) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err

    def wait_for(self, happened: Callable[[], object]) -> None:
        """Until it has happened, while the process runs."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)


@contextmanager
def start(*command: object, **environment: str) -> Iterator[Running]:
    """A command in a process that does not outlive the block."""
    words, pipe = [str(word) for word in command], subprocess.PIPE
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=variables) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


@pytest.fixture
def started(site: Path) -> Callable[..., Any]:
    """Starts a command that finds the plugins in ``site``; ``spectralkit`` is this interpreter's own."""

    def _started(*command: object, **environment: str) -> Any:
        path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
        own = [sys.executable, "-m", "spectralkit"] if command[0] == "spectralkit" else command[:1]
        return start(*own, *command[1:], PYTHONPATH=path, **environment)

    return _started


TOY = """
from spectralkit.plugins import DatasetSpec, ParameterizationSpec

@hookimpl
def spectralkit_datasets():
    return [DatasetSpec(name="toy", target="acme_toy_parts:Toy", summary="Waves")]

@hookimpl
def spectralkit_parameterizations():
    return [
        ParameterizationSpec(name="toy", target="acme_toy_parts:vp", summary="Variance preserving"),
        ParameterizationSpec(name="toy-ve", target="acme_toy_parts:ve", summary="Variance exploding"),
    ]

@hookimpl
def spectralkit_methods():
    return [
        MethodSpec(name=f"toy-{name}", target=f"acme_toy_parts:{name}", summary="A method",
                   diagnostics=[(f"toy-{name}/*", "How far it goes")])
        for name in ("push", "noised", "leap", "doubtful")
    ]

@hookimpl
def spectralkit_metrics():
    return [
        MetricSpec(name="toy-mse", target="acme_toy_parts:Mse", summary="Difference",
                   inputs=("generated", "reference"), higher_is_better=False),
        MetricSpec(name="toy-gap", target="acme_toy_parts:Gap", summary="Grey value",
                   inputs=("generated",), facts=("targets", "structure"), higher_is_better=False),
        MetricSpec(name="toy-endless", target="acme_toy_parts:Endless", summary="Infinite",
                   inputs=("latent",), higher_is_better=True),
        MetricSpec(name="toy-grey", target="acme_toy_parts:Grey", summary="Grey value",
                   inputs=("generated",), higher_is_better=None),
    ]
"""


@pytest.fixture
def toys(install: Install, site: Path) -> Path:
    """The toy plugin, installed: a data set, parameterizations, methods and metrics; returns the site."""
    shutil.copy(Path(__file__).with_name("toy.py"), site / "acme_toy_parts.py")
    install("acme-toy", "toy", TOY)
    return site


Written = Callable[..., Path]


@pytest.fixture
def written(toys: Path) -> Written:
    """Write a checkpoint with random weights for the toy data, of one resolution: its path and changes of its card."""
    from spectralkit.models.card import Card
    from spectralkit.testing.networks import save_random_checkpoint

    def _written(directory: Path, **changes: Any) -> Path:
        card = {
            "process": "toy",
            "process_parameters": {},
            "conditions": ("low", "high"),
            "shape": (3, 8, 8),
            "dataset": "toy",
            "training": {"steps": 0, "nothing": None},
            **changes,
        }
        return save_random_checkpoint(directory, Card(**card), widths=(8,))

    return _written


@pytest.fixture
def here(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, beside the toys."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
