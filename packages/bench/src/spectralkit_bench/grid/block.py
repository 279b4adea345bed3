"""A block of a grid: every combination of its lists, under the same other options of a run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief, nearest, one_line
from spectralkit.running.config import RunConfig
from spectralkit_bench.comparison.entry import Entry, parts_of

SEEDS = (42, 17, 48)

LISTS = {"models": "model", "datasets": "dataset", "scales": "scale", "methods": "method", "seeds": "seed"}
"""Lists, and the option of a run that each element is."""

OWN = ("section", "names", "optional")
"""Keys that are no options of a run: a heading, what to call things, and that absent names are left out."""

OPTIONS = tuple(field.name for field in attrs.fields(RunConfig))


@attrs.frozen(kw_only=True)
class Point:
    """One line of a table, before its models are loaded.

    Args:
        base: Its configuration, but for method and seed.
        entry: The method.
        others: The methods of the whole block, whose settings are not this one's.
        seeds: Of all noise.
        section: Heading that it stands under.
        names: What to call things.
        optional: Whether it is left out where something of it is absent.
    """

    base: RunConfig
    entry: Entry
    others: frozenset[str]
    seeds: tuple[int, ...]
    section: str
    names: Mapping[str, str]
    optional: bool

    @property
    def configs(self) -> list[RunConfig]:
        """One run a seed."""
        config = self.entry.config(self.base, self.others)
        return [attrs.evolve(config, seed=seed) for seed in self.seeds]

    @property
    def axes(self) -> dict[str, str]:
        """Where it stands: data set, scale, model and method."""
        scale = "" if self.base.scale is None else f"x{self.base.scale}"
        return {
            "dataset": self.base.dataset or "",
            "scale": scale,
            "model": self.base.model,
            "method": self.entry.told,
        }

    @property
    def labels(self) -> dict[str, str]:
        """What its axes are called."""
        return {axis: self.names.get(value, value) for axis, value in self.axes.items()}


@attrs.frozen(kw_only=True)
class Block:
    """Lists, and options of a run beside them.

    Args:
        where: What messages call it.
        lists: Values by option of a run.
        options: The other options, the same for all.
        section: Heading of its lines.
        names: What to call things.
        optional: Whether names that are not installed are left out, and told.
    """

    where: str
    lists: Mapping[str, tuple[Any, ...]]
    options: Mapping[str, Any]
    section: str = ""
    names: Mapping[str, str] = attrs.field(factory=dict)
    optional: bool = False

    @classmethod
    def read(cls, where: str, table: object) -> Block:
        """A table of a file.

        Raises:
            ConfigurationError: If a key is unknown, or a value impossible.
        """
        if not isinstance(table, dict):
            raise ConfigurationError(f"{where} is no table: write its keys below a line '[grid]'")
        known = (*LISTS, *OPTIONS, *OWN)
        for key in table:
            if key not in known:
                raise ConfigurationError(
                    f"{where}: unknown key {brief(key)}: {nearest(key, known)}known are {', '.join(known)}"
                )
        lists = {option: _list(where, name, option, table) for name, option in LISTS.items()}
        options = {key: value for key, value in table.items() if key in OPTIONS and key not in LISTS.values()}
        own = {key: table[key] for key in OWN if key in table}
        _check_own(where, own)
        told = {key: _in_a_line(value) for key, value in own.items()}
        block = cls(where=where, lists={key: value for key, value in lists.items() if value}, options=options, **told)
        known = block.nameable
        for name in block.names:
            if name not in known:
                there = f"{nearest(name, known)}there are {', '.join(known)}"
                raise ConfigurationError(f"{where}: names has {brief(name)}, which nothing in its block is: {there}")
        return block

    @property
    def nameable(self) -> tuple[str, ...]:
        """The data sets, scales, models and methods of its lines.

        Raises:
            ConfigurationError: If a method is malformed.
        """
        methods = [Entry.read(str(text)).told for text in self.lists.get("method", ("standard",))]
        models = self.lists.get("model", (attrs.fields(RunConfig).model.default,))
        scales = [f"x{scale}" for scale in self.lists.get("scale", ())]
        return tuple(map(str, (*self.lists.get("dataset", ()), *scales, *models, *methods)))

    def points(self) -> Iterator[Point]:
        """Its lines: data sets, scales, models, methods, in this order.

        Raises:
            ConfigurationError: If an option has an impossible value.
        """
        found = [Entry.read(str(text)) for text in self.lists.get("method", ("standard",))]
        others = parts_of(found)
        seeds = self.lists.get("seed", SEEDS)
        axes = [name for name in ("dataset", "scale", "model") if name in self.lists]
        for values in itertools.product(*(self.lists[name] for name in axes)):
            try:
                base = RunConfig(**{**self.options, **dict(zip(axes, values, strict=True))})
                for seed in seeds:
                    attrs.evolve(base, seed=seed)
            except ConfigurationError as error:
                raise ConfigurationError(f"{self.where}: {error}") from error
            for entry in found:
                yield Point(
                    base=base,
                    entry=entry,
                    others=others,
                    seeds=seeds,
                    section=self.section,
                    names=self.names,
                    optional=self.optional,
                )


def _list(where: str, name: str, option: str, table: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of a list, or of the option of a run in its place."""
    if name in table and option in table:
        raise ConfigurationError(f"{where} has both {name} and {option}: leave one of them out")
    if option in table:
        return (table[option],)
    value = table.get(name, ())
    if name in table and (not isinstance(value, list | tuple) or not value):
        raise ConfigurationError(f"{where}: {name} must be a list of at least one, got {brief(value)}")
    if any(value.count(one) > 1 for one in value):
        raise ConfigurationError(f"{where}: {name} names something twice: {brief(value)}")
    return tuple(value)


def _check_own(where: str, own: Mapping[str, Any]) -> None:
    kinds = {"section": str, "names": dict, "optional": bool}
    for key, value in own.items():
        texts = value.values() if isinstance(value, dict) else ()
        if not isinstance(value, kinds[key]) or not all(isinstance(text, str) for text in texts):
            expected = {"section": "text", "names": "a table of texts", "optional": "true or false"}[key]
            raise ConfigurationError(f"{where}: {key} must be {expected}, got {brief(value)}")


def _in_a_line(value: Any) -> Any:
    """Texts without the line breaks that would break a table."""
    if isinstance(value, dict):
        return {name: one_line(text) for name, text in value.items()}
    return one_line(value) if isinstance(value, str) else value
