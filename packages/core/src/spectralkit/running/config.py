"""What ``spectralkit run`` is asked for, and its form on disk."""

from __future__ import annotations

import ast
import math
import tomllib
import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from spectralkit.errors import ConfigurationError, told
from spectralkit.plugins.text import brief, nearest

if TYPE_CHECKING:
    from spectralkit.inversion.probe import Label

DEFAULT_METRICS = ("s-g", "s-dc", "s-hf", "s-lf", "psnr")
"""Scored by default, as far as their packages are installed."""

DEFAULT_SAMPLES = 16
"""How many samples are run by default, where the data set has as many."""

MOST_STEPS = 100_000
"""A longer list of levels is taken for a slip of the pen."""

LARGEST = 2**63 - 1
"""Larger whole numbers have no place in a TOML file."""

_LONG = "of at most 64 bits"

Settings = Mapping[str, Mapping[str, Any]]
"""Parameters by part: a method, a metric, ``model`` or ``dataset``."""

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def _refuse(attribute: attrs.Attribute[Any], wanted: str, value: object) -> ConfigurationError:
    return ConfigurationError(f"{attribute.name.replace('_', '-')} must be {wanted}, got {brief(value)}")


def _text(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise _refuse(attribute, "a name", value)
    _check_recordable(attribute.name, value)


def _whole(least: int = -LARGEST, most: int = LARGEST) -> Validator:
    bounds = f"of at least {least}" if most == LARGEST else f"between {least} and {most}"

    def check(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refuse(attribute, "a whole number", value)
        if not least <= value <= most:
            raise _refuse(attribute, f"a whole number {_LONG if abs(value) > LARGEST == most else bounds}", value)

    return check


def _finite(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, float) or not math.isfinite(value):
        raise _refuse(attribute, "a finite number", value)


def _label(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value not in ("current", "next"):
        raise _refuse(attribute, "'current' or 'next'", value)


def _names(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, tuple) or not value or not all(isinstance(name, str) and name.strip() for name in value):
        raise _refuse(attribute, "a list of names", value)


def _settings(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(part, Mapping) for part in value.values()):
        raise _refuse(attribute, "tables of parameters by part", value)
    for part, parameters in value.items():
        for name, parameter in parameters.items():
            _check_recordable(f"{part}.{name}", parameter)


def _check_recordable(name: str, value: object) -> None:
    """Refuse what ``run.toml`` could not bring back."""
    if isinstance(value, str):
        if any("\ud800" <= c <= "\udfff" for c in value):  # bytes that Python could not decode
            raise ConfigurationError(f"{name} cannot be {brief(value)}: it is not UTF-8, so it cannot be recorded")
    elif isinstance(value, list | tuple):
        for item in value:
            _check_recordable(name, item)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise ConfigurationError(f"setting {name} cannot be {brief(value)}, which has more than 64 bits")
    elif not isinstance(value, bool | int | float):
        raise ConfigurationError(
            f"setting {name} cannot be {brief(value)}, which run.toml cannot record: leave it out for "
            "its default, or give a number, a text or a list"
        )


def _float(value: object) -> object:
    try:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    except OverflowError:
        return math.inf


def _tuple(names: object) -> object:
    return tuple(names) if isinstance(names, list) else names


optional = attrs.validators.optional


@attrs.frozen(kw_only=True)
class RunConfig:
    """One run, completely.

    Args:
        model: Registered name, or a checkpoint directory.
        method: Method expression.
        dataset: Registered name; None is the data the model was trained on.
        scale: Degradation of the source; None is the data set's default.
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

    model: str = attrs.field(default="edm", validator=_text)
    method: str = attrs.field(default="standard", validator=_text)
    dataset: str | None = attrs.field(default=None, validator=optional(_text))
    scale: int | None = attrs.field(default=None, validator=optional(_whole(1)))
    steps: int = attrs.field(default=50, validator=_whole(1, MOST_STEPS))
    samples: int | None = attrs.field(default=None, validator=optional(_whole(1)))
    batch_size: int = attrs.field(default=16, validator=_whole(1))
    seed: int = attrs.field(default=42, validator=_whole())
    guidance: float = attrs.field(default=1.0, converter=_float, validator=_finite)
    inversion_guidance: float = attrs.field(default=1.0, converter=_float, validator=_finite)
    label: Label = attrs.field(default="current", validator=_label)
    metrics: tuple[str, ...] | None = attrs.field(default=None, converter=_tuple, validator=optional(_names))
    device: str = attrs.field(default="auto", validator=_text)
    settings: Settings = attrs.field(factory=dict, validator=_settings)

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
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ConfigurationError(f"configuration {path} is no file but a pipe or a device: name a file")
        table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("run")  # some editors put a mark in front
    except OSError as error:
        raise ConfigurationError(f"cannot read configuration {path}: {told(error)}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"configuration {path} is no valid TOML: {error}") from error
    if not isinstance(table, dict):
        raise ConfigurationError(f"configuration {path} has no table [run]: put the options below a line '[run]'")
    fields = attrs.fields_dict(RunConfig)
    for key in table:
        if key not in fields:
            raise ConfigurationError(
                f"configuration {path}: unknown option {brief(key)}; known are {', '.join(fields)}"
            )
    try:
        RunConfig(**table)
    except ConfigurationError as error:
        raise ConfigurationError(f"configuration {path}: {error}") from error
    return table


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
