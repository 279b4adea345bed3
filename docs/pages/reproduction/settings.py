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
    def options(self) -> dict[str, Any]:
        """Fields of a run's configuration."""
        return {"scale": self.scale} if self.scale else {"settings": {"dataset": {"task": "edges"}}}

    @property
    def words(self) -> str:
        """The same on the command line."""
        return f"--scale {self.scale}" if self.scale else "--set dataset.task=edges"

    def dataset(self) -> Ihc:
        """The samples."""
        parameters: dict[str, Any] = {"scale": self.scale} if self.scale else {"task": "edges"}
        return cast(Ihc, load_dataset(DATASET, **parameters))


MAIN = "x8"
EDGES = "edges"
SCALES = ("x4", "x8", "x16")
SETTINGS = {"x8": Setting("x8", 8), "x16": Setting("x16", 16), "x4": Setting("x4", 4), "edges": Setting("edges")}
"""In the order in which they are run: what most claims need comes first."""
