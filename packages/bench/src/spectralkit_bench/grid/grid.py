"""A grid file: one or several blocks, and how their table is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief, nearest, one_line
from spectralkit.running.config import read_toml
from spectralkit_bench.grid.block import Block, Point
from spectralkit_bench.grid.line import AXES
from spectralkit_bench.grid.share import Share

KEYS = ("title", "columns", "within", "improved", "grid")


@attrs.frozen(kw_only=True)
class Grid:
    """What is run, and what for.

    Args:
        name: What a store knows it by.
        title: Of its table.
        blocks: Lines of the table, in order.
        columns: Axes that name a line; empty for those that differ.
        within: Axes whose values part the rivals: only lines that share them compete.
        improved: What share of the runs is better than others, instead of the scores themselves.
    """

    name: str
    title: str = ""
    blocks: tuple[Block, ...]
    columns: tuple[str, ...] = ()
    within: tuple[str, ...] = ("dataset", "scale")
    improved: Share | None = None

    @classmethod
    def read(cls, path: Path) -> Grid:
        """The grid of a file.

        Raises:
            ConfigurationError: If it is missing or no TOML, or a key or value is wrong.
        """
        return cls.of(path.stem, read_toml(path, "grid"), str(path))

    @classmethod
    def of(cls, name: str, document: Mapping[str, Any], where: str) -> Grid:
        """The grid of a document.

        Raises:
            ConfigurationError: If a key or value is wrong.
        """
        for key in document:
            if key not in KEYS:
                raise ConfigurationError(
                    f"grid {where}: unknown key {brief(key)}: {nearest(key, KEYS)}known are {', '.join(KEYS)}"
                )
        tables = document.get("grid", [])
        tables = tables if isinstance(tables, list) else [tables]
        if not tables:
            raise ConfigurationError(f"grid {where} has no table [grid]: put its lists below a line '[grid]'")
        blocks = tuple(Block.read(f"grid {where}", table) for table in tables)
        share = document.get("improved")
        layout = {key: _axes(where, key, document[key]) for key in ("columns", "within") if key in document}
        return cls(
            name=name,
            title=one_line(document.get("title", "")),
            blocks=blocks,
            improved=None if share is None else Share.read(where, share),
            **layout,
        )

    @property
    def points(self) -> list[Point]:
        """All lines."""
        return [point for block in self.blocks for point in block.points()]

    def check_improved(self) -> None:
        """Refuse to hold against one another what no line is.

        Raises:
            ConfigurationError: Naming it, and what there is.
        """
        if self.improved is None:
            return
        axis = self.improved.axis
        known = dict.fromkeys(point.labels[axis] for point in self.points)
        for value in (*self.improved.before, *self.improved.after):
            if value not in known:
                there = f"{nearest(value, known)}there are {', '.join(known)}"
                raise ConfigurationError(f"grid {self.name}: [improved] names the {axis} {brief(value)}: {there}")

    def with_options(self, options: Mapping[str, Any], lists: Mapping[str, tuple[Any, ...]]) -> Grid:
        """The grid with other options of its runs, and other lists, in every block."""
        return attrs.evolve(
            self,
            blocks=tuple(
                attrs.evolve(block, options={**block.options, **options}, lists={**block.lists, **lists})
                for block in self.blocks
            ),
        )

    def with_dataset(self, name: str) -> Grid:
        """The grid on another data set, without the parameters of its own."""
        return attrs.evolve(self, blocks=tuple(_on(block, name) for block in self.blocks))

    def with_models(self, models: Mapping[str, str]) -> Grid:
        """The grid with other models in the place of its own, called as its own were.

        Raises:
            ConfigurationError: If it has no such model.
        """
        known = {str(name) for block in self.blocks for name in block.lists.get("model", ())}
        for name in models:
            if name not in known:
                raise ConfigurationError(f"grid {self.name} has no model {name!r}: it has {', '.join(sorted(known))}")
        return attrs.evolve(self, blocks=tuple(_replaced(block, models) for block in self.blocks))


def _on(block: Block, dataset: str) -> Block:
    settings = {part: values for part, values in block.options.get("settings", {}).items() if part != "dataset"}
    lists = {**block.lists, "dataset": (dataset,)}
    scales = " and ".join(f"x{scale}" for scale in lists.get("scale", ()))
    # What a block calls its data sets parts it from other blocks; of another data set its scales can do so.
    called = {name for name in block.names if name in block.lists.get("dataset", ())}
    names = {name: told for name, told in block.names.items() if name not in called}
    if called and scales:
        names[dataset] = f"{dataset} {scales}"
    return attrs.evolve(block, lists=lists, names=names, options={**block.options, "settings": settings})


def _replaced(block: Block, models: Mapping[str, str]) -> Block:
    found = block.lists.get("model", ())
    names = {models[name]: block.names.get(name, name) for name in found if name in models}
    lists = {**block.lists, "model": tuple(models.get(name, name) for name in found)} if found else block.lists
    return attrs.evolve(block, lists=lists, names={**block.names, **names})


def _axes(where: str, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(axis in AXES for axis in value):
        raise ConfigurationError(f"grid {where}: {key} must be a list of {', '.join(AXES)}, got {brief(value)}")
    return tuple(value)
