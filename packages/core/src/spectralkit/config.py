"""What ``spectralkit run`` is asked for, and its form on disk."""

from __future__ import annotations

import ast
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.probe import Label

DEFAULT_METRICS = ("s-g", "s-dc", "s-hf", "s-lf", "psnr")
"""Scored by default, as far as their packages are installed."""

Settings = Mapping[str, Mapping[str, Any]]
"""Parameters by part: a method, a metric, ``model`` or ``dataset``."""


@attrs.frozen(kw_only=True)
class RunConfig:
    """One run, completely.

    Args:
        model: Registered name, or a checkpoint directory.
        method: Method expression.
        dataset: Registered name; None is the data the model was trained on.
        scale: Degradation of the source; None is the data set's default.
        steps: N, the number of transitions.
        samples: How many samples of the data set.
        batch_size: Samples at a time.
        seed: Seed of all noise.
        guidance: Guidance weight while sampling.
        inversion_guidance: Guidance weight while inverting.
        label: What inversion steps tell the network: the ``current`` level or the ``next``.
        metrics: Registered names; None is :data:`DEFAULT_METRICS` as far as installed.
        device: ``auto``, ``cpu``, ``cuda``, ...
        settings: Parameters by part.
    """

    model: str = "edm"
    method: str = "standard"
    dataset: str | None = None
    scale: int | None = None
    steps: int = 50
    samples: int = 16
    batch_size: int = 16
    seed: int = 42
    guidance: float = 1.0
    inversion_guidance: float = 1.0
    label: Label = "current"
    metrics: tuple[str, ...] | None = None
    device: str = "auto"
    settings: Settings = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for name in ("steps", "samples", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")
        for name in ("guidance", "inversion_guidance"):
            if not math.isfinite(getattr(self, name)):
                raise ConfigurationError(f"{name.replace('_', '-')} must be finite, got {getattr(self, name)}")
        if self.label not in ("current", "next"):
            raise ConfigurationError(f"label must be 'current' or 'next', got {self.label!r}")

    def as_toml(self) -> dict[str, Any]:
        """The configuration as a table that :func:`read_config` understands; what is None is left out."""
        document = {key: value for key, value in attrs.asdict(self, recurse=False).items() if value is not None}
        document["settings"] = {part: dict(values) for part, values in self.settings.items()}
        if self.metrics is not None:
            document["metrics"] = list(self.metrics)
        return document


def read_config(path: Path) -> dict[str, Any]:
    """The options of a configuration file's ``[run]`` table, as a run directory's ``run.toml`` holds them.

    Raises:
        ConfigurationError: If the file is missing or no TOML, or an option is unknown or of the wrong type.
    """
    try:
        with path.open("rb") as file:
            table = tomllib.load(file).get("run")
    except OSError as error:
        raise ConfigurationError(f"cannot read configuration {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"configuration {path} is no valid TOML: {error}") from error
    if not isinstance(table, dict):
        raise ConfigurationError(f"configuration {path} has no table [run]: put the options below a line '[run]'")
    fields = {field.name: field for field in attrs.fields(RunConfig)}
    for key, value in table.items():
        if key not in fields:
            raise ConfigurationError(f"configuration {path}: unknown option '{key}'; known are {', '.join(fields)}")
        table[key] = _typed(path, key, value)
    return table


_NUMBERS: dict[str, type | tuple[type, ...]] = {
    "scale": int,
    "steps": int,
    "samples": int,
    "batch_size": int,
    "seed": int,
    "guidance": (int, float),
    "inversion_guidance": (int, float),
}


def _typed(path: Path, key: str, value: Any) -> Any:
    if key == "metrics":
        fits = isinstance(value, list) and all(isinstance(name, str) for name in value)
    elif key == "settings":
        fits = isinstance(value, dict) and all(isinstance(part, dict) for part in value.values())
    else:
        fits = isinstance(value, _NUMBERS.get(key, str)) and not isinstance(value, bool)
    if not fits:
        raise ConfigurationError(f"configuration {path}: option '{key}' cannot be {value!r}")
    return tuple(value) if key == "metrics" else value


def parse_settings(assignments: list[str]) -> dict[str, dict[str, Any]]:
    """``part.param=value`` assignments; values are Python literals, anything else is text.

    Raises:
        ConfigurationError: If an assignment is not of that form.
    """
    settings: dict[str, dict[str, Any]] = {}
    for assignment in assignments:
        left, equals, text = assignment.partition("=")
        part, dot, parameter = left.strip().partition(".")
        if not (equals and dot and part and parameter.isidentifier()):
            raise ConfigurationError(f"malformed setting {assignment!r}: write --set part.param=value, like ovg.clip=0.5")
        try:
            value = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = text.strip()
        settings.setdefault(part, {})[parameter] = value
    return settings
