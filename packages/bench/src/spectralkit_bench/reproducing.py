"""Commands to be typed again, each in one line of a POSIX shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

import attrs

from spectralkit.running.config import RunConfig, literal

ALWAYS = ("model", "method", "dataset", "samples", "metrics")
"""Options whose defaults depend on what is installed, or that a reader looks for."""


SPECIAL = re.compile(r"[\"$`\\!]")
"""What a shell reads between double quotes."""


def line(words: Iterable[str]) -> str:
    """Words as a shell reads them; those with apostrophes, as methods have, in double quotes where these will do."""
    return " ".join(f'"{word}"' if "'" in word and not SPECIAL.search(word) else shlex.quote(word) for word in words)


def command(config: RunConfig, *, save_latents: bool = False) -> str:
    """``spectralkit run ...``."""
    words = ["spectralkit", "run"]
    for field in attrs.fields(RunConfig):
        value = getattr(config, field.name)
        if field.name == "settings" or value is None or (value == field.default and field.name not in ALWAYS):
            continue
        told = ",".join(value) if field.name == "metrics" else str(value)
        words += _option(field.name.replace("_", "-"), told)
    for part, values in config.settings.items():
        for name, value in values.items():
            words += _option("set", f"{part}.{name}={_written(value)}")
    return line([*words, *(["--save-latents"] if save_latents else [])])


def _option(name: str, value: str) -> list[str]:
    return [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]


def _written(value: object) -> str:
    """A value that is read as itself: text without quotes where that is no literal of anything else."""
    return value if isinstance(value, str) and value and value == value.strip() == literal(value) else repr(value)
