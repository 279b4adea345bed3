"""Checkpoints: a diffusers directory with one file more, read and written without pickle.

unet/ or transformer/    the network, class-conditional          plain diffusers loads these three
vae/                     the autoencoder, for a latent diffusion
scheduler/               the process, where diffusers has it
model_index.json         which class each folder is of
spectralkit.json         process, conditions, normalisation, provenance (:mod:`spectralkit.models.card`)
README.md                the model card
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import torch
from torch import nn

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.frozen import frozen
from spectralkit.errors import DataError
from spectralkit.models.backbone import told
from spectralkit.models.card import Card, read_card
from spectralkit.models.directory import CARD
from spectralkit.models.latent import LatentCodec
from spectralkit.models.model import Codec, Model, PixelCodec
from spectralkit.models.pretrained import load_part, save_part
from spectralkit.models.recorded import build_process
from spectralkit.models.scheduler import scheduler_for

NETWORKS = {"unet": "UNet2DModel", "transformer": "DiTTransformer2DModel"}
"""Folder of the network and its class; a checkpoint has one of them."""

AUTOENCODERS = ("AutoencoderKL", "AutoencoderDC", "AutoencoderTiny")


def save_checkpoint(
    directory: Path, network: Any, card: Card, autoencoder: Any | None = None, dtype: torch.dtype = torch.float16
) -> None:
    """Write a checkpoint into an empty directory.

    Args:
        directory: Where.
        network: diffusers' ``UNet2DModel`` with ``num_class_embeds``, or ``DiTTransformer2DModel``.
        card: What it is.
        autoencoder: Of a latent diffusion.
        dtype: Of the weights on disk.

    Raises:
        OSError: If a file cannot be written whole.
    """
    folder = next(folder for folder, name in NETWORKS.items() if name == type(network).__name__)
    parts = {folder: network, **({} if autoencoder is None else {"vae": autoencoder})}
    for name, part in parts.items():
        save_part(part, directory / name, dtype)
    scheduler = scheduler_for(build_process(card.process, card.process_parameters, directory / CARD))
    if scheduler is not None:
        scheduler.save_config(directory / "scheduler")
        parts["scheduler"] = scheduler
    classes = {name: ["diffusers", type(part).__name__] for name, part in parts.items()}
    index = {"_class_name": "DiffusionPipeline", "_diffusers_version": version("diffusers"), **classes}
    for name, document in (("model_index.json", index), (CARD, card.document())):
        (directory / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


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
    card = read_card(directory)
    parameters = {**card.process_parameters, **(process or {})}
    built = build_process(card.process, parameters, directory / CARD)
    network, table = told(_network(directory))
    if len(table) != len(card.conditions) + 1:
        raise DataError(
            f"checkpoint {directory / CARD} names {len(card.conditions)} conditions, but its network knows "
            f"{len(table) - 1} and the null class"
        )
    return Model(
        name=name,
        denoiser=NetworkDenoiser(network, built.parameterization),
        schedule=built.schedule,
        codec=_codec(card, directory),
        conditions={condition: table[i : i + 1] for i, condition in enumerate(card.conditions)},
        null=table[-1:],
        shape=card.shape,
        multiple=card.multiple,
        dataset=card.dataset,
        provenance={"process": card.process, **parameters, "training": card.training},
    )


def load_shipped(package: str, name: str, **process: Any) -> Model:
    """The checkpoint that ``package`` carries in ``checkpoints/name``; otherwise as :func:`load_checkpoint`."""
    with as_file(files(package) / "checkpoints" / name) as directory:
        return load_checkpoint(directory, name, process)


def _network(directory: Path) -> nn.Module:
    for folder, name in NETWORKS.items():
        if (directory / folder).is_dir():
            network = load_part(directory / folder, [name])
            # U-Nets of pixels take 15 to 28 % less time so on a CPU, those of small latents the same.
            return network.to(memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]
    raise DataError(f"checkpoint {directory} holds no network: it needs a folder {' or '.join(NETWORKS)}")


def _codec(card: Card, directory: Path) -> Codec:
    if card.latent is None:
        return PixelCodec()
    shift, scale = (torch.tensor(row).view(1, -1, 1, 1) for row in (card.latent.shift, card.latent.scale))
    return LatentCodec(frozen(load_part(directory / "vae", AUTOENCODERS)), shift, scale, card.latent.posterior)
