"""Runs side by side: what each is called, what they have in common, and what a reader must know before comparing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from spectralkit.errors import DataError
from spectralkit_bench.finished import Finished

UNINTERESTING = ("method", "samples", "batch_size", "device", "metrics")
"""Options that need no word where they differ, or have one of their own."""


@attrs.frozen(eq=False)
class Column:
    """A run among others.

    Args:
        run: The run.
        label: What it is called: its method, and what else tells it from the others.
        index: Its place, and so its colour.
    """

    run: Finished
    label: str
    index: int


def columns(runs: Sequence[Finished]) -> tuple[Column, ...]:
    """The runs by name.

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
    return tuple(Column(run, label, index) for index, (run, label) in enumerate(zip(runs, labels(runs), strict=True)))


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
