"""What ``spectralkit run`` is asked for, and its form on disk."""

from __future__ import annotations

import ast
import tomllib
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from spectralkit.errors import ConfigurationError, told
from spectralkit.plugins.text import brief, nearest
from spectralkit.running import checks

if TYPE_CHECKING:
    from spectralkit.inversion.context import Label

DEFAULT_METRICS = ("s-g", "s-dc", "s-hf", "s-lf", "psnr")
"""Scored by default, as far as their packages are installed."""

DEFAULT_SAMPLES = 16
"""How many samples are run by default, where the data set has as many."""

MOST_STEPS = 100_000
"""A longer list of levels is taken for a slip of the pen."""

Settings = Mapping[str, Mapping[str, Any]]
"""Parameters by part: a method, a metric, ``model`` or ``dataset``."""


@attrs.frozen(kw_only=True)
class RunConfig:
    """One run, completely.

    Args:
        model: Registered name, directory or hub id.
        method: Method expression.
        dataset: Registered name; None is the data the model was trained on.
        scale: Degradation of the source; None is the data set's default.
        source: The model's condition for the data set's source domain; None is the one of its name.
        target: The model's condition for its target domain; None is the one of its name.
        steps: N, the number of transitions.
        samples: How many samples of the data set; None is :data:`DEFAULT_SAMPLES` or all, where there are fewer.
        batch_size: Samples at a time.
        seed: Seed of all noise.
        guidance: Guidance weight while sampling.
        inversion_guidance: Guidance weight while inverting.
        label: What inversion steps tell the network: the ``current`` level or the ``next``.
        metrics: Registered names; None is :data:`DEFAULT_METRICS` as far as installed.
        device: ``auto``, ``cpu``, ``cuda``, ...
        settings: Parameters by part.

    Raises:
        ConfigurationError: If a value is of the wrong type or impossible.
    """

    model: str = attrs.field(default="edm", validator=checks.text)
    method: str = attrs.field(default="standard", validator=checks.text)
    dataset: str | None = attrs.field(default=None, validator=checks.optional(checks.text))
    scale: int | None = attrs.field(default=None, validator=checks.optional(checks.whole(1)))
    source: str | None = attrs.field(default=None, validator=checks.optional(checks.text))
    target: str | None = attrs.field(default=None, validator=checks.optional(checks.text))
    steps: int = attrs.field(default=50, validator=checks.whole(1, MOST_STEPS))
    samples: int | None = attrs.field(default=None, validator=checks.optional(checks.whole(1)))
    batch_size: int = attrs.field(default=16, validator=checks.whole(1))
    seed: int = attrs.field(default=42, validator=checks.whole())
    guidance: float = attrs.field(default=1.0, converter=checks.as_float, validator=checks.finite)
    inversion_guidance: float = attrs.field(default=1.0, converter=checks.as_float, validator=checks.finite)
    label: Label = attrs.field(default="current", validator=checks.one_of("current", "next"))
    metrics: tuple[str, ...] | None = attrs.field(
        default=None, converter=checks.as_tuple, validator=checks.optional(checks.names)
    )
    device: str = attrs.field(default="auto", validator=checks.text)
    settings: Settings = attrs.field(factory=dict, validator=checks.settings)

    def __attrs_post_init__(self) -> None:
        if self.scale is not None and "scale" in self.settings.get("dataset", {}):
            raise ConfigurationError("scale is given twice, as an option and as dataset.scale: leave one of them out")

    def as_table(self) -> dict[str, Any]:
        """The configuration as a table that :func:`read_config` understands; what is None is left out."""
        document = {key: value for key, value in attrs.asdict(self, recurse=False).items() if value is not None}
        document["settings"] = {part: dict(values) for part, values in self.settings.items()}
        if self.metrics is not None:
            document["metrics"] = list(self.metrics)
        return document


def read_config(path: Path) -> dict[str, Any]:
    """The options of a configuration file's ``[run]`` table, as a run directory's ``run.toml`` holds them.

    Raises:
        ConfigurationError: If the file is missing or no TOML, or an option is unknown or has an impossible value.
    """
    return read_table(path, "run", RunConfig)


def read_table(path: Path, name: str, config: type[attrs.AttrsInstance]) -> dict[str, Any]:
    """One table of a TOML file, whose keys are fields of ``config``; those that are not given stay away.

    Raises:
        ConfigurationError: If the file is missing or no TOML, or a key is unknown or has an impossible value.
    """
    table = read_toml(path, "configuration").get(name)
    if not isinstance(table, dict):
        raise ConfigurationError(f"configuration {path} has no table [{name}]: put the options below a line '[{name}]'")
    fields = attrs.fields_dict(config)
    for key in table:
        if key not in fields:
            raise ConfigurationError(
                f"configuration {path}: unknown option {brief(key)}; known are {', '.join(fields)}"
            )
    try:
        config(**table)
    except ConfigurationError as error:
        raise ConfigurationError(f"configuration {path}: {error}") from error
    return table


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """A TOML file, which messages call ``what``.

    Raises:
        ConfigurationError: If it is missing or no TOML.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ConfigurationError(f"{what} {path} is no file but a pipe or a device: name a file")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a mark in front
    except OSError as error:
        raise ConfigurationError(f"cannot read {what} {path}: {told(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{what} {path} is no valid TOML: {error}") from error


def parse_settings(assignments: list[str]) -> dict[str, dict[str, Any]]:
    """``part.param=value`` assignments; values are Python literals, anything else is text.

    Raises:
        ConfigurationError: If an assignment is not of that form.
    """
    settings: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        left, equals, text = assignment.partition("=")
        part, dot, parameter = (piece.strip() for piece in left.partition("."))
        if not (equals and dot and part and parameter.isidentifier()):
            raise ConfigurationError(
                f"malformed setting {brief(assignment)}: write --set part.param=value, like ovg.clip=0.5"
            )
        settings.setdefault(part, {})[parameter] = literal(text.strip())
    return settings


def literal(text: str) -> Any:
    """The value of a Python literal; anything else is text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubtful as Python (a stray backslash), but text here
            return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def check_parts(settings: Settings, parts: Collection[str]) -> None:
    """Refuse settings of a part that is not among ``parts``.

    Raises:
        ConfigurationError: Naming the part and what there is.
    """
    for part in settings:
        if part not in parts:
            raise ConfigurationError(
                f"--set names the part {brief(part)}, which is no part of this run: {nearest(part, parts)}"
                f"it has {', '.join(sorted(parts))}"
            )
