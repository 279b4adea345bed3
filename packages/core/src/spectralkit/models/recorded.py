"""The process that a checkpoint records: the name of a parameterization plugin, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from spectralkit.diffusion.process import Process
from spectralkit.errors import SpectralkitError
from spectralkit.plugins.registry import registry


def build_process(name: str, parameters: Mapping[str, Any], path: Path) -> Process:
    """The process of that name.

    Args:
        name: Of a parameterization plugin.
        parameters: Its parameters.
        path: The file that records them, for messages.

    Raises:
        SpectralkitError: If there is no such process, or a parameter is unknown or impossible; it names the file.
    """
    try:
        return cast(Process, registry().build("parameterization", name, **parameters))
    except SpectralkitError as error:
        raise type(error)(f"checkpoint {path}: {error}") from error
