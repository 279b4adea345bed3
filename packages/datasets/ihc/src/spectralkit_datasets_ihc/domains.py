"""The domains: which tiles a domain is trained on, and how it shows a crop of them.

The target is what the micrograph shows; the sources have less of it, decimated by 4, 8 or 16, or edges alone. They are
trained on other tiles than the target, so that nothing is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import attrs
from torch import Tensor

from spectralkit.data import decimate
from spectralkit_datasets_ihc.edges import edges
from spectralkit_datasets_ihc.micrograph import HIGH, LOW, Place

SCALES = (4, 8, 16)
EDGES, TARGET = "edges", "high"


@attrs.frozen
class Domain:
    """One condition of the models.

    Args:
        places: Tiles of its training images.
        show: (3, H, W) of the micrograph to (3, H, W) of the domain.
    """

    places: tuple[Place, ...]
    show: Callable[[Tensor], Tensor]


def source_name(scale: int) -> str:
    """The condition of images decimated by ``scale``."""
    return f"low-x{scale}"


def _itself(image: Tensor) -> Tensor:
    return image


DOMAINS: Mapping[str, Domain] = {
    **{source_name(scale): Domain(LOW, partial(decimate, scale=scale)) for scale in SCALES},
    EDGES: Domain(LOW, edges),
    TARGET: Domain(HIGH, _itself),
}
