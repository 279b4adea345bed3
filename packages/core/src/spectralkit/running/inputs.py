"""What somebody wants translated, and how; the files are looked at as soon as the model's shape is known.

Nothing here imports torch: most models tell their shape before they are loaded, which takes a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.shape import Shape, shape_of
from spectralkit.pictures.finding import Input
from spectralkit.pictures.layout import MOST_PIXELS, Depth
from spectralkit.pictures.reading import Reading
from spectralkit.pictures.sifting import OnError, Sifted, sift
from spectralkit.plugins.text import brief, times
from spectralkit.running.config import RunConfig
from spectralkit.running.fit import Fit, check_tiled


@attrs.frozen
class TranslateConfig:
    """How files are translated.

    Args:
        options: Model, method, steps, seed and the like; its data-set options are not looked at.
        source: Condition of the inputs; None is the model's first.
        target: Condition to translate into; None is the model's last.
        fit: What to do with images of another size than the model's.
        upsample: Factor by which inputs are enlarged first, nearest neighbour, at least 1.
        reading: How files are read.
        depth: Bits a channel of the outputs: PNG files of 8 where they are grey or RGB, TIFF files otherwise.
        recursive: Whether subfolders are opened too, and kept.
        on_error: What becomes of inputs that cannot be translated.
        save_latents: Whether to write the unit-normalised terminal latents too, by image and tile.
    """

    options: RunConfig
    source: str | None = None
    target: str | None = None
    fit: Fit = "tile"
    upsample: int = 1
    reading: Reading = attrs.field(factory=Reading)
    depth: Depth = 8
    recursive: bool = False
    on_error: OnError = "stop"
    save_latents: bool = False

    def __attrs_post_init__(self) -> None:
        if self.upsample < 1:
            raise ConfigurationError(f"upsample must be at least 1, got {brief(self.upsample)}")
        for role, name in (("source", self.source), ("target", self.target)):
            if name is not None and not name.strip():
                raise ConfigurationError(
                    f"{role} must be a condition's name, got {name!r}: leave it out for the model's own"
                )

    def as_table(self) -> dict[str, Any]:
        """All that shapes the result; the run options that are not looked at are left out."""
        unused = ("dataset", "scale", "samples", "metrics", "source", "target")
        options = {key: value for key, value in self.options.as_table().items() if key not in unused}
        own = {name: getattr(self, name) for name in ("source", "target", "fit", "upsample")}
        depth = {} if self.depth == 8 else {"depth": self.depth}
        return {**options, **own, **self.reading.as_table(), **depth}


@attrs.frozen
class Checked:
    """An input that was read once.

    Args:
        size: (H, W), enlarged.
        limits: Which stored values became 0 and 1, (low, high): one pair, or one for each channel that is taken, in the
            file's order.
    """

    size: tuple[int, int]
    limits: tuple[tuple[float, float], ...]


def early(inputs: Sequence[Input], config: TranslateConfig) -> Sifted[Checked] | None:
    """:func:`check_inputs`, where the model tells its shape before it is loaded.

    Raises:
        SpectralkitError: As :func:`check_inputs`, or if there is no such model.
    """
    shape = shape_of(config.options.model, config.options.settings.get("model", {}))
    return None if shape is None else check_inputs(inputs, config, shape)


def check_inputs(inputs: Sequence[Input], config: TranslateConfig, shape: Shape) -> Sifted[Checked]:
    """All inputs read once, by a model of images of ``shape``.

    Raises:
        DataError: If one cannot be translated and ``config`` does not leave it out, or all cannot.
    """
    return sift(inputs, lambda one: _checked(one, config, shape), config.on_error)


def _checked(one: Input, config: TranslateConfig, shape: Shape) -> Checked:
    opened = config.reading.open(one.path, shape[0])
    height, width = (config.upsample * side for side in opened.size)
    if height * width > MOST_PIXELS:
        raise DataError(
            f"image {one.path} of {times(opened.size)} would have more than {MOST_PIXELS} pixels, "
            f"enlarged {config.upsample} times: lower --upsample or crop it"
        )
    if config.fit == "tile":
        check_tiled((height, width), shape[1:], f"{one.path}: an image")
    pairs = [(low, high) for low, high in opened.limits.T.tolist()]
    return Checked((height, width), tuple(pairs if len(set(pairs)) > 1 else pairs[:1]))
