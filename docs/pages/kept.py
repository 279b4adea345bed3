"""Runs that are kept: each done once, in a run directory of its own, and found again by what it is.

Two runs are the same if their configuration (but for the batch size, which changes no score) and the state of their
model's weights are. Where a checkpoint lies does not matter, so that one that was moved is found again.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import attrs

from spectralkit.models.model import Model
from spectralkit.running import run as runner
from spectralkit.running.config import RunConfig
from spectralkit.running.document import as_json
from spectralkit_bench.cells.randomness import is_random
from spectralkit_bench.tables.result import methods_of
from spectralkit_bench.tables.spread import Spread

__all__ = ["document", "is_random", "methods_of", "place", "run", "spread"]


def place(cache: Path, config: RunConfig, model: Model) -> Path:
    """The directory of one run of one state of the weights; class embeddings change with every step of training."""
    settings = attrs.evolve(config, batch_size=1, model=model.name).as_table()
    digest = hashlib.sha256(as_json([settings, model.provenance, repr(model.schedule)]).encode())
    for embedding in (*model.conditions.values(), *([] if model.null is None else [model.null])):
        digest.update(embedding.detach().cpu().numpy().tobytes())
    readable = re.sub(r"[^a-z0-9.+-]+", "_", f"{model.name}-{config.method}-w{config.guidance:g}-seed{config.seed}")
    return cache / f"{readable[:100]}-{digest.hexdigest()[:12]}"


def run(directory: Path, config: RunConfig, told: str) -> None:
    """Do a run, unless it is there."""
    if not directory.exists():
        print(told, file=sys.stderr)
        runner.run(config, directory)


def document(directory: Path) -> dict[str, Any]:
    """``metrics.json`` of a run."""
    found: dict[str, Any] = json.loads((directory / "metrics.json").read_text(encoding="utf-8"))
    return found


def spread(values: list[float] | tuple[float, ...], digits: int) -> str:
    """Mean, with the standard deviation (ddof 1) of more than one value."""
    return Spread.of(values).told(digits)
