"""diffusers' networks as ``F(x, label, embedding)``, with what they can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import Tensor, nn

from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.backbone import multiple, told
from spectralkit.models.own import Called
from spectralkit.models.pretrained import CONFIG, load_part, read_json
from spectralkit.plugins.text import brief
from spectralkit_models_diffusers.conditions import Conditions, classes, unconditional


@attrs.frozen(eq=False)
class Network:
    """A network that is ready to be asked.

    Args:
        module: ``F(x, label, embedding)``.
        channels: Of its states.
        side: (height, width) of the states it was trained on, where it says.
        multiple: What the sides of other states must be divisible by; None where they are fixed.
        told: The network in words.
    """

    module: nn.Module
    channels: int
    side: tuple[int, int] | None
    multiple: int | None
    told: str


class Halved(nn.Module):
    """The first half of the channels of what a network returns; the second is a variance that it learned."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, label: Tensor, embedding: Tensor) -> Tensor:
        """(B, C, H, W), (B,), (B, ...) -> (B, C, H, W)."""
        return cast(Tensor, self.network(x, label, embedding)[:, : x.shape[1]])


def network_class(directory: Path) -> str:
    """The class that a folder's configuration names."""
    return str(read_json(directory / CONFIG).get("_class_name"))


def check_plain(config: Mapping[str, Any], plain: Mapping[str, tuple[Any, ...]], path: Path) -> None:
    """Refuse keys that would have the network take what nobody can tell it here.

    Raises:
        DataError: Naming the key and its value.
    """
    for key, known in plain.items():
        if key in config and config[key] not in known:
            raise DataError(f"network {path / CONFIG} has {key} = {brief(config[key])}, which cannot be expressed here")


def described(module: nn.Module, network: Any, name: str) -> Network:
    """A network with what its configuration says of its states.

    Args:
        module: ``F(x, label, embedding)``.
        network: diffusers' own.
        name: Its class.

    Raises:
        DataError: If it returns other channels than it takes.
    """
    config = network.config
    channels, out = config.in_channels, config.get("out_channels") or config.in_channels
    if out == 2 * channels:
        module = Halved(module)
    elif out != channels:
        raise DataError(f"a {name} of in_channels = {channels} and out_channels = {out} predicts no state of its own")
    size = config.get("sample_size")
    side = None if size is None else (size, size) if isinstance(size, int) else tuple(size)
    weights = sum(p.numel() for p in network.parameters())
    precision = str(next(network.parameters()).dtype).removeprefix("torch.")
    said = f"{name}, {weights / 1e6:.3g} million weights in {precision}"
    if out == 2 * channels:
        said += ", of whose output the first half is used (the rest is a learned variance)"
    return Network(module.eval(), channels, cast("tuple[int, int] | None", side), multiple(network), said)


def _unet(network: Any, labels: Mapping[int, str], null: int | None, path: Path) -> tuple[Network, Conditions]:
    check_plain(network.config, {"class_embed_type": (None,)}, path)
    count = network.config.num_class_embeds
    if count is None:
        return described(Called(frozen(network), conditional=False), network, "UNet2DModel"), unconditional()
    module, table = told(network)
    if null is None and labels and set(labels) == set(range(count - 1)):
        return described(module, network, "UNet2DModel"), classes(
            table,
            labels,
            count - 1,
            f"the last of {count} rows is the null class, assumed because id2label leaves it out",
        )
    why = "no null class, so guidance must stay 1 (--set model.null=NUMBER names one)"
    found = classes(table, labels, null, why if null is None else f"class {null} is the null class")
    return described(module, network, "UNet2DModel"), found


def _dit(network: Any, labels: Mapping[int, str], null: int | None, path: Path) -> tuple[Network, Conditions]:
    module, table = told(network)
    count = network.config.num_embeds_ada_norm
    row = count if null is None and len(table) == count + 1 else null
    found = classes(table, labels, row, "no null class" if row is None else f"row {row} is the null class")
    return described(module, network, "DiTTransformer2DModel"), found


Adapter = Callable[[Any, Mapping[int, str], int | None, Path], tuple[Network, Conditions]]
CLASSIFIED: dict[str, Adapter] = {"UNet2DModel": _unet, "DiTTransformer2DModel": _dit}
"""Networks that take a class, or nothing."""


def load_classified(
    directory: Path, name: str, dtype: torch.dtype, labels: Mapping[int, str], null: int | None
) -> tuple[Network, Conditions]:
    """A network of :data:`CLASSIFIED` with its classes.

    Raises:
        DataError: As :func:`load_part`, or if the network takes more than classes.
        ConfigurationError: If there is no such class as ``null``.
    """
    network, conditions = CLASSIFIED[name](load_part(directory, [name], dtype), labels, null, directory)
    if null is not None and conditions.null is None:
        raise ConfigurationError(f"null cannot be {null}: the network takes no classes")
    return network, conditions
