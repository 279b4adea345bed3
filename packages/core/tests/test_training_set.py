"""Training sets by their data set's name: what they are built with, and what is refused before they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.training import build_training

SOURCE = """
from pathlib import Path

from spectralkit.plugins import DatasetSpec

def made(root: Path, scale: int = 8): ...

def drawn(root: Path, *, fields: int, size: int = 64):
    return root, fields, size

def anything(**options): ...

@hookimpl
def spectralkit_datasets():
    spec = {"summary": "", "training": f"{__name__}:drawn"}
    return [
        DatasetSpec(name="acme", target=f"{__name__}:made", **spec),
        DatasetSpec(name="acme-free", target=f"{__name__}:anything", **spec),
        DatasetSpec(name="acme-plain", target=f"{__name__}:made", summary=""),
    ]
"""

pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture
def acme(install: Any) -> None:
    install("acme-data", "acme", SOURCE)


@pytest.mark.parametrize("name", ["acme", "acme-free"])
def test_what_it_takes_is_passed_on_and_what_the_data_set_alone_takes_is_not(name: str) -> None:
    built = build_training(name, {"root": "here", "fields": 3, "scale": 16})
    assert built == (Path("here"), 3, 64)


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("acme", {}, "'acme' needs root (Path), fields (int): add --set dataset.root=VALUE --set dataset.fields=VALUE"),
        ("acme", {"root": "here"}, "data set 'acme' needs fields (int): add --set dataset.fields=VALUE"),
        ("acme", {"fields": 3, "scale": 8}, "data set 'acme' needs root (Path): add --set dataset.root=VALUE"),
        ("acme-free", {"fields": 3}, "data set 'acme-free' needs root (Path)"),
        ("acme", {"roots": "here"}, "data set 'acme' has no parameter 'roots': did you mean 'root'? it has fields, "),
        ("acme", {"root": "here", "fields": "many"}, "fields must be int, got 'many'"),
        ("acme-plain", {}, "data set 'acme-plain' has no training data"),
    ],
)
def test_what_it_cannot_be_built_with_is_told(name: str, parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        build_training(name, parameters)
    assert told in str(refusal.value)
