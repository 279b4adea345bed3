"""A scene as a microscope sees it, and as a pen draws it.

The micrograph: structures of an exponentially textured brightness, blurred by the optics (a Gaussian), on a dim
background, counted in photons (Poisson noise). The sketch: the outlines of bodies and nuclei, black on white.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter
from torch import Tensor

from spectralkit_datasets_cells.scene import Cell, Image, Window

FILAMENTS, CYTOPLASM, NUCLEI, SPOTS = range(4)
SHOWN = {
    1: (NUCLEI,),
    2: (CYTOPLASM, NUCLEI),
    3: (FILAMENTS, CYTOPLASM, NUCLEI),
    4: (FILAMENTS, CYTOPLASM, NUCLEI, SPOTS),
}
"""What the channels of an image show, by how many there are."""

OPTICS, BACKGROUND, PHOTONS = 0.7, 0.02, 300.0
"""The sd of the blur in pixels; the brightness of nothing; how many photons a brightness of 1 is."""


def micrograph(cells: Sequence[Cell], size: int, channels: int, random: np.random.Generator) -> Tensor:
    """(channels, size, size) in [0, 1]."""
    stains = np.zeros((4, size, size))
    texture = np.exp(0.9 * _noise(size, 1.5, random))  # of the cytoplasm
    chromatin = np.exp(0.25 * _noise(size, 1.0, random))
    spots = np.where(random.random((size, size)) < 0.04, 2.0, 0.0)  # about one bright pixel in 25
    for cell in cells:
        window = cell.body.window(size)
        body, nucleus = cell.body.depth(window), cell.nucleus.depth(window)
        inside, core = body > 0, nucleus > 0
        here = stains[:, *window]
        here[:, inside] *= 0.3  # what lies below is mostly hidden
        for stain, light in (
            (CYTOPLASM, np.where(core, 0, 0.35 * texture[window] * body.clip(0, 1) ** 0.5)),
            (NUCLEI, np.where(core, 0.75 * chromatin[window] * nucleus.clip(0, 1) ** 0.25, 0)),
            (FILAMENTS, np.where(core, 0, _lines(cell.filaments, window))),
            (SPOTS, np.where(core, 0, spots[window])),
        ):
            here[stain] += cell.brightness * np.where(inside, light, 0)
    seen = [gaussian_filter(stains[stain], OPTICS, mode="reflect") for stain in SHOWN[channels]]
    counted = random.poisson((np.stack(seen) + BACKGROUND) * PHOTONS) / PHOTONS
    return torch.from_numpy(counted.clip(0, 1).astype(np.float32))


def sketch(cells: Sequence[Cell], size: int, channels: int) -> Tensor:
    """(channels, size, size), 0 on a line and 1 elsewhere, all channels alike."""
    lines = np.zeros((size, size), dtype=bool)
    for cell in cells:
        window = cell.body.window(size)
        body, nucleus = cell.body.depth(window) > 0, cell.nucleus.depth(window) > 0
        lines[window] &= ~body  # what lies below is hidden
        lines[window] |= _outline(body) | _outline(nucleus)
    return torch.from_numpy((~lines).astype(np.float32)).expand(channels, size, size).clone()


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The pixels of a mask that touch what is not in it; beyond the field it goes on."""
    edge: NDArray[np.bool_] = mask & ~binary_erosion(mask, border_value=1)
    return edge


def _noise(size: int, sd: float, random: np.random.Generator) -> Image:
    """Gaussian noise of unit variance, smooth over ``sd`` pixels."""
    smooth: Image = gaussian_filter(random.standard_normal((size, size)), sd, mode="wrap")
    return smooth / max(float(smooth.std()), 1e-9)


def _lines(paths: Image, window: Window) -> Image:
    """Four points a pixel along each path make it about as bright as 1."""
    shape = tuple(part.stop - part.start for part in window)
    places = np.floor(paths.reshape(-1, 2) - [part.start for part in window]).astype(int)
    inside = ((places >= 0) & (places < shape)).all(axis=1)
    drawn = np.zeros(shape)
    np.add.at(drawn, tuple(places[inside].T), 0.25)
    return drawn.clip(0, 1.5)
