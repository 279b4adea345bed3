"""Registration."""

from __future__ import annotations

from spectralkit.plugins import DatasetSpec, hookimpl


@hookimpl
def spectralkit_datasets() -> tuple[DatasetSpec, ...]:
    """Cells."""
    return (
        DatasetSpec(
            name="cells",
            target="spectralkit_datasets_cells.cells:Cells",
            training="spectralkit_datasets_cells.cells:CellsTraining",
            summary="Procedural fluorescence micrographs from sketches: nuclei, cytoplasm, filaments; endless, no data",
            licence="None: every image is computed",
            protocol="Scenes by their number; training scenes are others than those of the samples, and unpaired",
        ),
    )
