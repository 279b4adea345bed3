"""The first format of checkpoints, which the shipped ones still have: ``config.json`` and ``weights.safetensors``.

``config.json`` says how to rebuild the network, the process (a parameterization plugin's name with its parameters), the
conditions in the order of the class table, the image shape, and under ``training`` everything that made the weights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import torch

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import DataError, told
from spectralkit.models.directory import CONFIG
from spectralkit.models.model import Model, PixelCodec
from spectralkit.models.pretrained import load_tensors, save_tensors
from spectralkit.models.recorded import build_process
from spectralkit.models.unet import ConditionalUNet, UNetConfig
from spectralkit.plugins.text import brief

FORMAT = "spectralkit-checkpoint-1"
WEIGHTS = "weights.safetensors"


def _tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class CheckpointConfig:
    """The contents of ``config.json``.

    Args:
        network: Architecture of the U-Net.
        process: Name of a parameterization plugin.
        process_parameters: Its parameters.
        conditions: Domain names, in the order of the class table; the null class comes last and is not named.
        shape: (C, H, W) of the images.
        dataset: What the network was trained on.
        training: Configuration, seed, data digest and versions of the training run.

    Raises:
        DataError: If a value is of the wrong type or does not fit the others.
    """

    network: UNetConfig
    process: str
    process_parameters: dict[str, Any]
    conditions: tuple[str, ...] = attrs.field(converter=_tuple)
    shape: tuple[int, int, int] = attrs.field(converter=_tuple)
    dataset: str
    training: dict[str, Any]

    def __attrs_post_init__(self) -> None:
        network = self.network
        if len(self.shape) != 3:
            raise DataError(f"shape must be (channels, height, width), got {brief(list(self.shape))}")
        whole = (network.channels, network.blocks, network.groups, *network.widths, *self.shape)
        demands = {
            "network and shape must hold positive whole numbers": all(type(n) is int and n > 0 for n in whole),
            "height and width of shape must be at most 16384": all(type(n) is int and n <= 1 << 14 for n in self.shape),
            "network.channels and shape must agree": network.channels == self.shape[0],
            "network must have 1 to 16 widths and at most 64 blocks": 0 < len(network.widths) <= 16
            and network.blocks <= 64,
            "conditions must be different names": bool(self.conditions)
            and all(isinstance(name, str) and name for name in self.conditions)
            and len(set(self.conditions)) == len(self.conditions),
            "process and dataset must be names": isinstance(self.process, str) and isinstance(self.dataset, str),
            "process_parameters and training must be tables": isinstance(self.process_parameters, dict)
            and isinstance(self.training, dict),
        }
        for demand, met in demands.items():
            if not met:
                raise DataError(demand)
        if any(n % network.groups for n in network.widths):
            raise DataError(
                f"network.widths {brief(list(network.widths))} must be multiples of groups {network.groups}"
            )
        multiple = 2 ** (len(network.widths) - 1)
        if any(n % multiple for n in self.shape[1:]):
            raise DataError(f"height and width of shape {list(self.shape)} must be multiples of {multiple}")


def save_checkpoint(directory: Path, network: ConditionalUNet, config: CheckpointConfig) -> None:
    """Write a checkpoint with weights in half precision."""
    directory.mkdir(parents=True, exist_ok=True)
    save_tensors({name: value.half().contiguous() for name, value in network.state_dict().items()}, directory / WEIGHTS)
    document = {"format": FORMAT, **attrs.asdict(config)}
    (directory / CONFIG).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def load_checkpoint(directory: Path, name: str, process: Mapping[str, Any] | None = None) -> Model:
    """The model of a checkpoint directory, on the CPU in float32.

    Args:
        directory: Where it lies.
        name: What messages call it.
        process: Parameters of its process that take the place of those it was trained with, as ``start_noise``.

    Raises:
        SpectralkitError: If a file is missing, corrupt or does not fit the others, or ``process`` is impossible.
        NonFiniteError: If a weight is NaN or infinite.
    """
    config = read_config(directory)
    parameters = {**config.process_parameters, **(process or {})}
    built = build_process(config.process, parameters, directory / CONFIG)
    network = _network(config, directory)
    rows = network.embed(torch.arange(len(config.conditions) + 1))
    return Model(
        name=name,
        denoiser=NetworkDenoiser(network, built.parameterization),
        schedule=built.schedule,
        codec=PixelCodec(),
        conditions={condition: rows[i : i + 1] for i, condition in enumerate(config.conditions)},
        null=rows[-1:],
        shape=config.shape,
        dataset=config.dataset,
        provenance={"process": config.process, **parameters, "training": config.training},
    )


def read_config(directory: Path) -> CheckpointConfig:
    """``config.json`` of a checkpoint directory.

    Raises:
        DataError: If it is missing, no JSON, of another format, or holds impossible values.
    """
    path = directory / CONFIG
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
            raise DataError(f"its format is not '{FORMAT}', or it was written by another version")
        if not isinstance(document["network"], dict):
            raise DataError(f"network must be a table, got {brief(document['network'])}")
        return CheckpointConfig(**{**document, "network": UNetConfig(**document["network"])})
    except OSError as error:
        raise DataError(f"cannot read checkpoint {path}: {told(error)}") from error
    except KeyError as error:
        raise DataError(f"corrupt checkpoint {path}: it lacks {error}; get a fresh copy of the checkpoint") from error
    except (DataError, ValueError, TypeError, RecursionError) as error:
        raise DataError(
            f"corrupt checkpoint {path}: {_without_init(error)}; get a fresh copy of the checkpoint"
        ) from error


def _without_init(error: Exception) -> str:
    """The message; where a keyword is missing or unknown, Python names the constructor, which means nothing here."""
    return re.sub(r"^(\w+\.)?__init__\(\) ", "it ", str(error))


def _network(config: CheckpointConfig, directory: Path) -> ConditionalUNet:
    """The network with its weights; memory is taken for what the file holds, not for what the configuration claims."""
    try:
        with torch.device("meta"):
            network = ConditionalUNet(config.network, len(config.conditions))
    except (ValueError, RuntimeError) as error:
        raise DataError(
            f"corrupt checkpoint {directory / CONFIG}: {_first_line(error)}; get a fresh copy of the checkpoint"
        ) from error
    path = directory / WEIGHTS
    try:
        network.load_state_dict(load_tensors(path, torch.float32), assign=True)
    except RuntimeError as error:
        told = " ".join(str(error).split())[:300]
        raise DataError(
            f"checkpoint {path} does not fit its {CONFIG}: {told}; get a fresh copy of the checkpoint"
        ) from error
    return frozen(network)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
