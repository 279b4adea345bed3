"""Checkpoints: a directory with ``config.json`` and ``weights.safetensors``, read and written without pickle.

``config.json`` says how to rebuild the network, the process (a parameterization plugin's name with its parameters), the
conditions in the order of the class table, the image shape, and under ``training`` everything that made the weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.process import Process
from spectralkit.errors import DataError, NonFiniteError
from spectralkit.model import Model, PixelCodec
from spectralkit.network import ConditionalUNet, UNetConfig, freeze
from spectralkit.registry import registry

FORMAT = "spectralkit-checkpoint-1"
CONFIG, WEIGHTS = "config.json", "weights.safetensors"


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
    """

    network: UNetConfig
    process: str
    process_parameters: dict[str, Any]
    conditions: tuple[str, ...]
    shape: tuple[int, int, int]
    dataset: str
    training: dict[str, Any]


def save_checkpoint(directory: Path, network: ConditionalUNet, config: CheckpointConfig) -> None:
    """Write a checkpoint with weights in half precision."""
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, directory / WEIGHTS)
    document = {"format": FORMAT, **attrs.asdict(config)}
    (directory / CONFIG).write_text(json.dumps(document, indent=2) + "\n")


def load_checkpoint(directory: Path, name: str) -> Model:
    """The model of a checkpoint directory, on the CPU in float32.

    Raises:
        DataError: If a file is missing, corrupt or does not fit the configuration.
        NonFiniteError: If a weight is NaN or infinite.
    """
    config = read_config(directory)
    built = registry().build("parameterization", config.process, **config.process_parameters)
    assert isinstance(built, Process)
    network = ConditionalUNet(config.network, len(config.conditions))
    _load_weights(network, directory / WEIGHTS)
    freeze(network)
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
        provenance={"process": config.process, **config.process_parameters, "training": config.training},
    )


def read_config(directory: Path) -> CheckpointConfig:
    """``config.json`` of a checkpoint directory.

    Raises:
        DataError: If it is missing, no JSON, or of another format.
    """
    path = directory / CONFIG
    try:
        document = json.loads(path.read_text())
        if document.pop("format") != FORMAT:
            raise DataError(f"{path} is not of the format '{FORMAT}': it was written by another version")
        document["network"] = UNetConfig(**document["network"])
        document["conditions"], document["shape"] = tuple(document["conditions"]), tuple(document["shape"])
        return CheckpointConfig(**document)
    except OSError as error:
        raise DataError(f"cannot read checkpoint {path}: {error.strerror}; name a directory with {CONFIG}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"corrupt checkpoint {path}: {type(error).__name__}: {error}; restore the file") from error


def _load_weights(network: ConditionalUNet, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
        network.load_state_dict({name: value.float() for name, value in tensors.items()})
    except OSError as error:
        raise DataError(f"cannot read checkpoint {path}: {error.strerror or error}; restore the file") from error
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"corrupt checkpoint {path}: {reason}; restore the file") from error
    for name, value in network.state_dict().items():
        if not torch.isfinite(value).all():
            raise NonFiniteError(f"checkpoint {path} holds NaN or infinity in '{name}': restore or retrain it")
