"""The shape of a directory's images, before torch is imported."""

from __future__ import annotations

from pathlib import Path

from spectralkit_models_diffusers.frame import read_frame
from spectralkit_models_diffusers.layout import read_layout


def shape_of(
    directory: Path, size: int | tuple[int, int] | None = None, **others: object
) -> tuple[int, int, int] | None:
    """(C, H, W) of the images; None where ``size`` is none.

    Args:
        directory: A pipeline, or a network with a scheduler's configuration.
        size: Side of the images, or height and width; None is what the network was trained on.
        **others: Parameters of :func:`spectralkit_models_diffusers.loading.load` that do not change it.

    Raises:
        DataError: If a configuration is missing, of an unknown class, or impossible.
        ConfigurationError: If images cannot have that size.
    """
    sides = size if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or not all(side is None or type(side) is int for side in sides):
        return None
    layout = read_layout(directory)
    frame = read_frame(layout.network, layout.autoencoder, size)
    return (frame.pixels, *frame.size)
