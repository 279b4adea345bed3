"""A grid with its models loaded: every line with the keys of its cells, as a store remembers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError, DataError, SpectralkitError
from spectralkit.models.directory import find_directory
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import reason
from spectralkit.running.loader import Loader
from spectralkit_bench.cells.cell import Cell
from spectralkit_bench.cells.identity import identify
from spectralkit_bench.comparison.entry import check_methods
from spectralkit_bench.grid.block import Point
from spectralkit_bench.grid.grid import Grid
from spectralkit_bench.grid.line import AXES, Line
from spectralkit_bench.grid.share import Share


@attrs.frozen(kw_only=True)
class Plan:
    """What a table is made from.

    Args:
        title: Of the table.
        columns: Axes that name a line.
        within: Axes whose values part the rivals.
        improved: What is held against what, in a table of shares.
        lines: In order.
        absent: What was left out, and why.
    """

    title: str
    columns: tuple[str, ...]
    within: tuple[str, ...]
    improved: Share | None
    lines: tuple[Line, ...]
    absent: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """Of all its cells, each once, in order."""
        return list(dict.fromkeys(key for line in self.lines for key in line.cells.values()))

    @property
    def shown(self) -> tuple[str, ...]:
        """The axes in front of the scores: those named, or those in which lines differ."""
        differing = [axis for axis in AXES if len({line.labels[axis] for line in self.lines}) > 1]
        return self.columns or tuple(differing) or ("method",)

    def as_table(self) -> dict[str, Any]:
        """As a store holds it."""
        lines = [line.as_table() for line in self.lines]
        improved = None if self.improved is None else self.improved.as_table()
        return {**attrs.asdict(self, recurse=False), "improved": improved, "lines": lines}

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Plan:
        """What :meth:`as_table` gave, after a way through JSON.

        Raises:
            DataError: If it is not that.
        """
        try:
            improved = table["improved"]
            share = None if improved is None else Share.read("of a store", improved)
            lists = {name: tuple(table[name]) for name in ("columns", "within", "absent")}
            return cls(**{**table, **lists, "improved": share, "lines": tuple(map(Line.of, table["lines"]))})
        except (KeyError, TypeError, ValueError, ConfigurationError) as error:
            raise DataError(f"a grid of the store cannot be read ({reason(error)}): run it once more") from error


def resolve(grid: Grid, loader: Loader, tell: Callable[[Sequence[str]], None]) -> tuple[Plan, list[Cell]]:
    """The plan of a grid, and its cells in an order in which each model is loaded once.

    What is not installed is an error, unless its block is optional; what does not fit together is a line with the
    reason.

    Raises:
        SpectralkitError: If a name is unknown, or nothing of the grid can be run.
    """
    points, absent = [], dict[str, None]()
    grid.check_improved()
    for point in grid.points:
        try:
            _check_names(point)
            points.append(point)
        except SpectralkitError as error:
            if not point.optional:
                raise
            absent[f"left out: {error}{_remedy(point)}"] = None
    if points:  # else the error tells it
        tell(list(absent))
    cells: dict[str, Cell] = {}
    lines: dict[int, Line] = {}
    order = sorted(range(len(points)), key=lambda i: [points[i].axes[axis] for axis in ("model", "dataset", "scale")])
    for i in order:
        lines[i] = _line(points[i], loader, cells)
    if not cells:
        reasons = [reason for line in lines.values() for reason in line.refusals]
        raise ConfigurationError(f"nothing of grid {grid.name} can be run: {(*reasons, *absent, 'it is empty')[0]}")
    plan = Plan(
        title=grid.title,
        columns=grid.columns,
        within=grid.within,
        improved=grid.improved,
        lines=tuple(lines[i] for i in range(len(points))),
        absent=tuple(absent),
    )
    return plan, list(cells.values())


def _remedy(point: Point) -> str:
    """What else can be done where a model is absent."""
    model = point.base.model
    known = find_directory(model) is not None or model in registry().names("model")
    return "" if known else f"; or name one of yours with --model {model}=MODEL"


def _check_names(point: Point) -> None:
    """Refuse names that nothing provides, before anything is loaded."""
    base = point.base
    if find_directory(base.model) is None:
        registry().resolve("model", base.model)
    if base.dataset is not None:
        registry().resolve("dataset", base.dataset)
    for name in base.metrics or ():
        registry().resolve("metric", name)
    check_methods((point.entry,), point.configs[0])


def _line(point: Point, loader: Loader, cells: dict[str, Cell]) -> Line:
    """The line of a point; its cells join ``cells``."""
    keys: dict[int, str] = {}
    refusals: dict[str, None] = {}
    for config in point.configs:
        try:
            cell = identify(config, loader)
        except SpectralkitError as error:
            refusals[str(error)] = None
            break  # another seed is refused for the same reason
        keys[config.seed] = cell.key
        cells.setdefault(cell.key, cell)
    return Line(
        labels=point.labels,
        method=point.entry.method,
        section=point.section,
        cells=keys,
        refusals=tuple(refusals),
    )
