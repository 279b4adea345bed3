"""How large a network's states are, and the images they stand for: from configurations alone, before any weight.

Nothing here imports torch, and diffusers only where a configuration leaves its defaults out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.documents import CONFIG, read_json
from spectralkit.plugins.text import brief, reason, times
from spectralkit_models_diffusers.config import Filled, defaults_of

FLUX_SIDE = 128
"""Latents' side that Flux is used at by default; its configuration says none."""

MOST_SIDE = 1 << 14


@attrs.frozen
class Sigmas:
    """How a pipeline lays the grid of a flow.

    Args:
        even: Whether u begins at 1 / N; otherwise at the scheduler's first level.
        tokens: n, into how many tokens the network cuts an image; None where nobody says.
    """

    even: bool = False
    tokens: int | None = None


@attrs.frozen
class Frame:
    """Sizes.

    Args:
        name: Class of the network.
        document: Its configuration as it was saved.
        config: It with defaults filled in.
        channels: Of states.
        factor: How many pixels a side of a state stands for.
        pixels: Channels of images.
        size: (H, W) of images.
        own: (H, W) of the images that the network is for, as it says; None where it does not.
        step: What the sides of images must be divisible by; None where they are fixed.
    """

    name: str
    document: Mapping[str, Any]
    config: Mapping[str, Any]
    channels: int
    factor: int
    pixels: int
    size: tuple[int, int]
    own: tuple[int, int] | None
    step: int | None

    @property
    def sigmas(self) -> Sigmas:
        """How its pipeline lays the grid of a flow."""
        height, width = (side // self.factor for side in self.size)
        if self.name == "FluxTransformer2DModel":
            return Sigmas(even=True, tokens=(height // 2) * (width // 2))
        if self.name == "SD3Transformer2DModel":
            patch = self.config["patch_size"]
            return Sigmas(tokens=(height // patch) * (width // patch))
        return Sigmas()


def read_frame(network: Path, autoencoder: Path | None, size: int | tuple[int, int] | None) -> Frame:
    """The sizes of a network and its autoencoder, for images of ``size``, by default what it was trained on.

    Raises:
        DataError: If a configuration is missing, of an unknown class, or impossible.
        ConfigurationError: If images cannot have that size.
    """
    document = _renamed(read_json(network / CONFIG))
    name = str(document.get("_class_name"))
    if name not in STATES:
        raise DataError(f"network {network / CONFIG} is of {brief(name)}: known are {', '.join(STATES)}")
    config = Filled(document, name)
    where = network
    try:
        channels, side, step = STATES[name](config)
        where = network if autoencoder is None else autoencoder
        factor, pixels = _reduction(autoencoder, channels)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise DataError(f"{where / CONFIG} has sizes that make no sense: {reason(error)}") from error
    own = None if side is None else (side[0] * factor, side[1] * factor)
    multiple = None if step is None else step * factor
    return Frame(name, document, config, channels, factor, pixels, _checked(size, own, multiple), own, multiple)


def _renamed(document: dict[str, Any]) -> dict[str, Any]:
    """What older versions of diffusers saved as a ``Transformer2DModel`` is a DiT, where its norms say so."""
    if (document.get("_class_name"), document.get("norm_type")) != ("Transformer2DModel", "ada_norm_zero"):
        return document
    known = defaults_of("DiTTransformer2DModel")
    kept = {key: value for key, value in document.items() if key in known or value not in (None, False)}
    return {**kept, "_class_name": "DiTTransformer2DModel"}


def _checked(size: int | tuple[int, int] | None, own: tuple[int, int] | None, step: int | None) -> tuple[int, int]:
    if size is None:
        if own is None:
            raise ConfigurationError("the network does not say how large its images are: --set model.size=PIXELS")
        return own
    height, width = (size, size) if isinstance(size, int) else size
    if step is None and (height, width) != own:
        fixed = "" if own is None else f", to {times(own)}"
        raise ConfigurationError(f"size cannot be {height}x{width}: the network's positions are fixed{fixed}")
    step = step or 1
    if not 0 < min(height, width) <= max(height, width) <= MOST_SIDE or height % step or width % step:
        raise ConfigurationError(
            f"size cannot be {height}x{width}: both sides must be multiples of {step}, at most {MOST_SIDE}"
        )
    return height, width


States = tuple[int, tuple[int, int] | None, int | None]
"""Channels, (height, width) that it was trained on, and what the sides of others must be divisible by."""


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 < value <= MOST_SIDE:
        raise ValueError(f"{brief(value)} is no size")
    return value


def _side(config: Mapping[str, Any]) -> tuple[int, int] | None:
    size = config.get("sample_size")
    height, width = size if isinstance(size, list | tuple) else (size, size)
    return None if size is None else (_whole(height), _whole(width))


def _unet(config: Mapping[str, Any]) -> States:
    return _whole(config["in_channels"]), _side(config), 2 ** (len(config["block_out_channels"]) - 1)


def _joint(config: Mapping[str, Any]) -> States:
    return _whole(config["in_channels"]), _side(config), _whole(config["patch_size"])


def _flux(config: Mapping[str, Any]) -> States:
    return _whole(config["in_channels"]) // 4, (FLUX_SIDE, FLUX_SIDE), 2


def _dit(config: Mapping[str, Any]) -> States:
    return _whole(config["in_channels"]), _side(config), None


STATES: dict[str, Callable[[Mapping[str, Any]], States]] = {
    "UNet2DModel": _unet,
    "UNet2DConditionModel": _unet,
    "DiTTransformer2DModel": _dit,
    "SD3Transformer2DModel": _joint,
    "FluxTransformer2DModel": _flux,
}


def _reduction(autoencoder: Path | None, channels: int) -> tuple[int, int]:
    """Pixels a side of a latent stands for, and channels of images."""
    if autoencoder is None:
        return 1, channels
    document = read_json(autoencoder / CONFIG)
    config = Filled(document, str(document.get("_class_name")))
    widths = config.get("block_out_channels") or config["encoder_block_out_channels"]
    return 2 ** (len(widths) - 1), _whole(config.get("in_channels", 3))
