"""Faces and what they are made from: the outlines of their parts, or the parts in colours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectralkit.errors import DataError
from spectralkit.pictures.keeping import Kept
from spectralkit.pictures.unpaired import SOURCE
from spectralkit.pictures.views import Pixels, shrunk
from spectralkit_datasets_celebamask.preparation import MASK_SIDE, PARTS, READING, Face, read_mask

Task = Literal["sketch", "masks"]
"""What the source shows."""

Labels = NDArray[np.uint8]
"""(H, W): 0 is background, 1 the first of the parts, ..."""

COLOURS = np.array(
    [
        *((255, 255, 255), (204, 0, 0), (76, 153, 0), (102, 204, 0), (51, 51, 255), (51, 51, 255), (0, 255, 255)),
        *((0, 255, 255), (102, 51, 0), (102, 51, 0), (102, 204, 255), (255, 255, 0), (0, 0, 153), (0, 0, 204)),
        *((255, 51, 153), (0, 204, 204), (0, 51, 0), (255, 153, 51), (0, 204, 0)),
    ],
    np.uint8,
)
"""Of background and parts; left and right have one, so that a mirrored face is a face."""


@attrs.frozen(eq=False)
class Faces:
    """Faces of a download.

    Args:
        root: Where it is.
        task: What the source shows.
        kept: What has been read.
    """

    root: Path
    task: Task
    kept: Kept = attrs.field(factory=Kept)

    @property
    def recipe(self) -> str:
        return f"{self.task} of {', '.join(PARTS)}"

    def id(self, thing: Face) -> str:
        return f"{thing.number:05}"

    def content(self, thing: Face) -> str:
        return thing.content

    def view(self, thing: Face, domain: int, side: int) -> Pixels:
        def read() -> Pixels:
            return Pixels(self._source(thing, side) if domain == SOURCE else self._photograph(thing, side))

        return self.kept.get((thing.number, domain, side), read)

    def _photograph(self, face: Face, side: int) -> Tensor:
        whole = shrunk(READING.read(face.photograph(self.root), 3), side)
        if whole.shape[-2:] != (side, side):
            raise DataError(f"image {face.photograph(self.root)} is no square: fetch it again")
        return whole

    def _source(self, face: Face, side: int) -> Tensor:
        found = labels(face, self.root, side)
        return outlined(found) if self.task == "sketch" else coloured(found)


def labels(face: Face, root: Path, side: int) -> Labels:
    """(side, side): the part that is in front, at the nearest pixels of the masks."""
    found = np.zeros((MASK_SIDE, MASK_SIDE), np.uint8)
    for name in face.masks:
        found[read_mask(face.mask(root, name))] = 1 + PARTS.index(name)
    places = ((np.arange(side) + 0.5) * MASK_SIDE / side).astype(int)
    nearest: Labels = found[np.ix_(places, places)]
    return nearest


def outlined(found: Labels) -> Tensor:
    """(3, H, W): black where the part below or to the right is another, white elsewhere."""
    line = np.zeros(found.shape, bool)
    line[:-1] |= found[:-1] != found[1:]
    line[:, :-1] |= found[:, :-1] != found[:, 1:]
    return torch.from_numpy(~line).float().expand(3, *line.shape).clone()


def coloured(found: Labels) -> Tensor:
    """(3, H, W): every part in its colour, the background white."""
    return torch.from_numpy(COLOURS[found].transpose(2, 0, 1).copy()).float() / 255
