"""Methods side by side, each with its seeds: what each is called, and what a reader must know before comparing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from spectralkit.errors import DataError
from spectralkit_bench.finished import Finished

ALIKE = ("seed", "batch_size", "device")
"""Options in which runs of one method may differ."""

UNINTERESTING = ("method", "samples", "metrics", *ALIKE)
"""Options that need no word where they differ, or have one of their own."""


@attrs.frozen(eq=False)
class Column:
    """A method among others.

    Args:
        runs: Its runs, one a seed.
        label: What it is called: its method, and what else tells it from the others.
        index: Its place, and so its colour.
        under: The seeds under which each of its runs is shown: its own, and for the first those that have none.
    """

    runs: tuple[Finished, ...]
    label: str
    index: int
    under: tuple[tuple[int, ...], ...]

    @property
    def key(self) -> str:
        """What it goes by in the page."""
        return f"run{self.index}"

    @property
    def first(self) -> Finished:
        """The run that stands for what they have in common."""
        return self.runs[0]


def columns(runs: Sequence[Finished]) -> tuple[Column, ...]:
    """The methods of runs by name, in the order in which they come.

    Raises:
        DataError: If they are not of the same data.
    """
    first = runs[0]
    for run in runs[1:]:
        ours, theirs = (data(one) for one in (first, run))
        if ours != theirs:
            raise DataError(
                f"runs of different data cannot be compared, {first.directory} is of {_told(ours)} and {run.directory} "
                f"of {_told(theirs)}: report on them one by one"
            )
    methods, seeds = by_method(runs), all_seeds(runs)
    names = labels([method[0] for method in methods])
    return tuple(
        Column(method, name, index, _under(method, seeds))
        for index, (method, name) in enumerate(zip(methods, names, strict=True))
    )


def by_method(runs: Sequence[Finished]) -> list[tuple[Finished, ...]]:
    """Runs that differ in nothing but the seed together."""
    groups: list[tuple[str, list[Finished]]] = []
    for run in runs:
        table = flat(run.config.as_table())
        what = repr(sorted((name, value) for name, value in table.items() if name not in ALIKE))
        for known, group in groups:
            if known == what and run.config.seed not in [one.config.seed for one in group]:
                group.append(run)
                break
        else:
            groups.append((what, [run]))
    return [tuple(group) for _, group in groups]


def all_seeds(runs: Sequence[Finished]) -> tuple[int, ...]:
    """The seeds of runs, each once."""
    return tuple(dict.fromkeys(run.config.seed for run in runs))


def _under(method: Sequence[Finished], seeds: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    own = [run.config.seed for run in method]
    others = [seed for seed in seeds if seed not in own]
    return tuple((seed, *(others if i == 0 else ())) for i, seed in enumerate(own))


def labels(runs: Sequence[Finished]) -> list[str]:
    """A name for each run: its method where that is enough."""
    methods = [run.config.method for run in runs]
    varying = differences(runs)
    told = [
        method
        if methods.count(method) == 1
        else ", ".join((method, *(f"{key} {values[i]}" for key, values in varying.items())))
        for i, method in enumerate(methods)
    ]
    seen: Counter[str] = Counter()
    for i, label in enumerate(told):
        seen[label] += 1
        told[i] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return told


def differences(runs: Sequence[Finished]) -> dict[str, list[str]]:
    """Options besides the method that are not the same in all runs, by name: the value of each run."""
    tables = [flat(run.config.as_table()) for run in runs]
    keys = dict.fromkeys(key for table in tables for key in table if key not in UNINTERESTING)
    found = {key: [str(table.get(key, "not given")) for table in tables] for key in keys}
    return {key: values for key, values in found.items() if len(set(values)) > 1}


def flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with ``part.parameter`` for its settings."""
    settings: Mapping[str, Mapping[str, Any]] = table.get("settings", {})
    inner = {f"{part}.{name}": value for part, values in settings.items() for name, value in values.items()}
    return {**{key: value for key, value in table.items() if key != "settings"}, **inner}


def common(runs: Sequence[Finished]) -> tuple[str, ...]:
    """Ids of the samples that all runs have, in the order of the first.

    Raises:
        DataError: If there is none.
    """
    others = [set(run.ids) for run in runs[1:]]
    found = tuple(identifier for identifier in runs[0].ids if all(identifier in ids for ids in others))
    if not found:
        raise DataError("these runs have no sample in common: report on them one by one")
    return found


def data(run: Finished) -> tuple[object, ...]:
    """What it was run on: only runs of the same can be compared."""
    settings = run.config.settings.get("dataset", {})
    return (run.config.dataset, run.config.scale or settings.get("scale"), sorted(settings.items(), key=str))


def _told(data: tuple[object, ...]) -> str:
    name, scale, settings = data
    return f"{name}{f' x{scale}' if scale else ''}{f' with {dict(settings)}' if settings else ''}"  # type: ignore[call-overload]
