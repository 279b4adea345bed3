"""Procedural fluorescence micrographs and their sketches, for spectralkit."""

from spectralkit_datasets_cells.cells import Cells, CellsTraining

__all__ = ["Cells", "CellsTraining"]
