"""Plugins of strangers: distributions written to disk, as pip would leave them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spectralkit.registry import registry

IMPORTS = """
from spectralkit.hookspecs import hookimpl
from spectralkit.specs import CommandSpec, MethodSpec, MetricSpec, ModelSpec
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
        registry.cache_clear()
        return module

    registry.cache_clear()
    yield _install
    registry.cache_clear()
    for module in modules:
        sys.modules.pop(module, None)
