"""The state of files that a configuration names, but which are no part of it: pictures, translators.

Their names, sizes and times of change stand for what they hold, as they do for ``make``: reading all of a data set
takes hours.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

from spectralkit.inversion.expression import parse
from spectralkit.pictures.indexing import stamps
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.running.config import RunConfig


def states(config: RunConfig) -> dict[str, str]:
    """By the name in the configuration, the state of what it names; what is not there has none."""
    return {name: state(Path(name).absolute()) for name in dict.fromkeys(_named(config)) if os.path.exists(name)}


def _named(config: RunConfig) -> Iterator[str]:
    """Parameters of the data set that name folders, and any text that a method or a metric is given."""
    spec = cast(DatasetSpec, registry().resolve("dataset", str(config.dataset)).spec)
    tables = {part: dict(values) for part, values in config.settings.items() if part != "model"}
    dataset = tables.pop("dataset", {})
    given = [dataset.get(name) for name in spec.folders]
    given += [value for values in tables.values() for value in values.values()]
    given += [value for term in parse(config.method) for value in term.arguments.values()]
    yield from (value for value in given if isinstance(value, str) and value and "\0" not in value)


@cache
def state(place: Path) -> str:
    """Of a file, or of all files below a folder but hidden ones; looked at once in a process."""
    lines = "\n".join(stamps(place, _files(place)))
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (path for name in sorted(names) if (path := Path(folder, name)).is_file())
