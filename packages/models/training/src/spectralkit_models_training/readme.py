"""The model card of a trained checkpoint: what it is, what made it, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.journal import duration


def model_card(command: str, config: TrainingConfig, training: Mapping[str, Any], scores: Mapping[str, float]) -> str:
    """Markdown.

    Args:
        command: That made it.
        config: With what.
        training: What the checkpoint records of its making.
        scores: Of its last pictures.
    """
    defaults = attrs.asdict(type(config)(), recurse=False)
    chosen = {k: v for k, v in attrs.asdict(config, recurse=False).items() if v != defaults[k] and k != "settings"}
    chosen |= {f"{part}.{name}": v for part, table in config.settings.items() for name, v in table.items()}
    options = "\n".join(f"| `{name.replace('_', '-')}` | {_told(value)} |" for name, value in sorted(chosen.items()))
    scored = "".join(f", {name} {value:.4f}" for name, value in scores.items())
    return f"""# A model trained by `spectralkit {command}`

On the data set `{config.dataset}` (SHA-256 of its pixels {training["data_sha256"][:16]}…), seed {config.seed},
{config.steps} steps of {config.batch} samples in {duration(training["seconds"])} on {training["machine"]}{scored}.

| option | value |
|---|---|
{options}

Options that are not listed have their defaults. What is here reproduces it:

    spectralkit {command} --config train.toml --out DIR
"""


def _told(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
