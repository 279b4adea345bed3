"""A scene: where the cells lie and what shape they have, by a random generator alone.

The outline of a cell, and of its nucleus, is r(theta) = r (1 + sum_k a_k cos(k theta + phi_k)), k = 2, 3, 4: a smooth
blob. Cells lie on a jittered grid at any offset, so that a field of any size is equally full; they reach across its
borders.
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float64]
"""(H, W)."""

RADIUS = 12.0
"""Mean radius of a cell in pixels."""

PITCH = 2.1 * RADIUS
"""Of the grid that they are jittered from."""


Window = tuple[slice, slice]
"""Rows and columns of a field."""


@attrs.frozen(eq=False)
class Blob:
    """A smooth outline.

    Args:
        y: Of its centre, in pixels.
        x: Of its centre.
        radius: On average.
        waves: (3, 2), cosine and sine of the waves k = 2, 3, 4 around it.
    """

    y: float
    x: float
    radius: float
    waves: Image

    def window(self, size: int) -> Window:
        """The part of a field of ``size x size`` pixels that holds all of it, and a pixel more."""
        reach = self.radius * (1 + float(np.hypot(*self.waves.T).sum())) + 1
        (top, left), (bottom, right) = (
            np.clip([self.y + side, self.x + side], 0, size).round().astype(int) for side in (-reach, reach)
        )
        return slice(top, bottom), slice(left, right)

    def depth(self, window: Window) -> Image:
        """1 - distance / r(theta) there: positive inside, 0 on the outline, 1 in the centre."""
        y, x = np.mgrid[window] + 0.5 - np.array([self.y, self.x])[:, None, None]
        angle, distance = np.arctan2(y, x), np.hypot(y, x)
        outline = np.ones_like(angle)
        for k, (cosine, sine) in zip((2, 3, 4), self.waves, strict=True):
            outline += cosine * np.cos(k * angle) + sine * np.sin(k * angle)
        depth: Image = 1 - distance / (self.radius * outline)
        return depth


@attrs.frozen(eq=False)
class Cell:
    """One cell.

    Args:
        body: Its outline.
        nucleus: Its nucleus's, inside it.
        brightness: Of everything in it, about 1.
        filaments: (count, points, 2), the paths (y, x) of its filaments in pixels.
    """

    body: Blob
    nucleus: Blob
    brightness: float
    filaments: Image


def scene(size: int, random: np.random.Generator) -> list[Cell]:
    """The cells that a field of ``size x size`` pixels shows, those behind others first."""
    rows, columns = (np.arange(-PITCH - random.uniform(0, PITCH), size + PITCH, PITCH) for _ in range(2))
    cells = [_cell(y, x, random) for y in rows for x in columns if random.random() < 0.85]
    return [cells[i] for i in random.permutation(len(cells))]


def _cell(y: float, x: float, random: np.random.Generator) -> Cell:
    y, x = (place + random.uniform(-0.3, 0.3) * PITCH for place in (y, x))
    body = Blob(y, x, RADIUS * random.uniform(0.8, 1.2), 0.07 * random.standard_normal((3, 2)))
    off = random.uniform(-0.15, 0.15, 2) * body.radius
    nucleus = Blob(
        y + off[0], x + off[1], body.radius * random.uniform(0.35, 0.48), 0.04 * random.standard_normal((3, 2))
    )
    return Cell(body, nucleus, random.uniform(0.6, 1.0), _filaments(nucleus, body.radius, random))


def _filaments(nucleus: Blob, length: float, random: np.random.Generator) -> Image:
    """Paths that leave the nucleus and bend at random, one point a quarter of a pixel."""
    count, points = int(random.integers(10, 18)), round(4 * length)
    start = random.uniform(0, 2 * np.pi, (count, 1))
    angle = start + np.cumsum(0.08 * random.standard_normal((count, points)), axis=1)
    steps = np.stack([np.sin(angle), np.cos(angle)], axis=-1) / 4
    leaving = nucleus.radius * np.stack([np.sin(start), np.cos(start)], axis=-1)
    paths: Image = np.array([nucleus.y, nucleus.x]) + leaving + np.cumsum(steps, axis=1)
    return paths
