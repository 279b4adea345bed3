"""What is kept of a comparison that is stopped, by whatever means: each of its runs that is whole.

They lie in a hidden folder beside the results to be, under the keys of their cells, so that a run is found again only
by a comparison that asks for the same, of the same model, with the same versions.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs

from spectralkit.cli.options import file_name
from spectralkit_bench.cells.cell import Cell

WITH_LATENTS, WITHOUT = ".runs-latents", ".runs"
"""How the folders of runs end that kept their latents, or did not."""


@attrs.frozen(kw_only=True)
class Kept:
    """The runs of a comparison that are done.

    Args:
        out: Where its results will lie.
        save_latents: Whether its runs have their latents, which those of another comparison may not.
    """

    out: Path
    save_latents: bool = False

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self._named(WITH_LATENTS if self.save_latents else WITHOUT)

    def _named(self, suffix: str) -> Path:
        return self.out.with_name(f".{file_name([self.out.name])}{suffix}")

    def __len__(self) -> int:
        """How many there are."""
        return len(list(self.folder.glob("[!.]*")))

    def place(self, cell: Cell) -> Path:
        """The run directory of a cell, which is whole or not there."""
        return self.folder / f"{cell.key[:16]}-seed{cell.config.seed}"

    def forget(self) -> None:
        """The results are there: nothing is to be gone on with."""
        for suffix in (WITH_LATENTS, WITHOUT):
            shutil.rmtree(self._named(suffix), ignore_errors=True)
