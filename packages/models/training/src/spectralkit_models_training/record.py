"""What a training was begun with, read without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spectralkit.errors import ConfigurationError
from spectralkit.running.config import read_table
from spectralkit_models_training.config import TrainingConfig

RECORD = Path("training/train.toml")
"""Where it lies in the directory of a training."""


def recorded(out: Path, command: str, config: type[TrainingConfig]) -> dict[str, Any]:
    """The configuration that the training in ``out`` was begun with.

    Raises:
        ConfigurationError: If there is none.
    """
    if not (out / RECORD).is_file():
        raise ConfigurationError(f"{out} holds no training to resume: leave --resume out to begin one")
    return read_table(out / RECORD, command, config)
