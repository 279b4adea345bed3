"""What is translated into real histology: images of a lower resolution, or edges."""

from __future__ import annotations

from typing import Any, cast

import attrs

from spectralkit.api import load_dataset
from spectralkit_datasets_ihc import Ihc

DATASET = "ihc"


@attrs.frozen
class Setting:
    """A task of the data set.

    Args:
        name: As claims and tables call it.
        scale: Decimation factor, or None for edges.
    """

    name: str
    scale: int | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the data set."""
        return {"scale": self.scale} if self.scale else {"task": "edges"}

    @property
    def settings(self) -> dict[str, Any]:
        """Of a run, beside its scale."""
        return {} if self.scale else {"dataset": self.parameters}

    @property
    def words(self) -> str:
        """A run's options on the command line."""
        return f"--scale {self.scale}" if self.scale else "--set dataset.task=edges"

    def dataset(self) -> Ihc:
        """The samples."""
        return cast(Ihc, load_dataset(DATASET, **self.parameters))


MAIN = "x8"
EDGES = "edges"
SCALES = ("x4", "x8", "x16")
SETTINGS = {"x8": Setting("x8", 8), "x16": Setting("x16", 16), "x4": Setting("x4", 4), "edges": Setting("edges")}
"""In the order in which they are run: what most claims need comes first."""
