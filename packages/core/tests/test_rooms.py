"""The layout: rooms import one way, and no file outgrows what a reader holds in mind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import spectralkit

CORE = Path(spectralkit.__file__).parent
SOURCES = sorted(CORE.rglob("*.py"))
PACKAGES = CORE.parents[2]

ORDER = (
    {"ahead", "caches", "errors", "stops", "torchvision_fix", "whole"},
    {"plugins", "diffusion", "data"},
    {"inversion", "pictures"},
    {"models", "metric"},
    {"api"},
    {"running", "testing"},
    {"cli"},
    {"__init__", "__main__"},
)
"""A room imports from those of the lines above, and from itself."""

RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
MOST_LINES = 250


def room_of(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The rooms that a file imports from, inside functions and for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"spectralkit.{alias.name}" for alias in node.names]
            modules = names if node.module == "spectralkit" else [node.module or ""]
        elif isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        else:
            continue
        yield from (module.split(".")[1] for module in modules if module.startswith("spectralkit."))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_room_imports_only_from_rooms_above_it(path):
    room = room_of(path)
    for imported in imports(path):
        assert imported == room or RANK[imported] < RANK[room], f"{room} imports from {imported}"


def test_every_room_has_its_place():
    assert {room_of(path) for path in SOURCES} == set(RANK)


def test_no_file_is_longer_than_a_reader_holds_in_mind():
    sources = (path for path in PACKAGES.rglob("src/**/*.py") if "testing" not in path.parts)
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}
