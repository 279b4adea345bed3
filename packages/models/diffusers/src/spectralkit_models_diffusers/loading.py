"""A directory that diffusers saved, as a model."""

from __future__ import annotations

from pathlib import Path

import torch

from spectralkit.diffusion.denoiser import NetworkDenoiser
from spectralkit.diffusion.schedule import Final
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.latent import Posterior
from spectralkit.models.model import Codec, Model, PixelCodec, times
from spectralkit_models_diffusers.autoencoder import load_codec
from spectralkit_models_diffusers.clipped import ClippedDenoiser
from spectralkit_models_diffusers.flow import Sigmas
from spectralkit_models_diffusers.layout import Layout, read_layout
from spectralkit_models_diffusers.networks import CLASSIFIED, Network, load_classified, network_class
from spectralkit_models_diffusers.scheduler import read_scheduler


def load(
    directory: Path,
    dtype: torch.dtype | None = None,
    *,
    size: int | tuple[int, int] | None = None,
    null: int | None = None,
    posterior: Posterior = "mode",
    scheduler: str | None = None,
    final: Final | None = None,
    clip: bool | None = None,
) -> Model:
    """What diffusers saved, on the CPU, its weights in ``dtype``.

    Args:
        directory: A pipeline, or a network with a scheduler's configuration.
        dtype: What network and autoencoder run in; None is float32.
        size: Side of the images, or height and width; None is what the network was trained on.
        null: Number of the class that stands for none, where the directory does not say; guidance needs it.
        posterior: What is taken of a variational autoencoder's distribution: its ``mode``, or a seeded ``sample``.
        scheduler: Class that the scheduler's configuration is read as, like DDIMScheduler; None is its own.
        final: The clean level: the ``level`` of timestep 0, or ``clean``; None is what the scheduler says.
        clip: Whether predicted images are clipped at each step; None is what the scheduler says (clip_sample).

    Raises:
        DataError: If a part is missing, corrupt, of an unknown kind, or cannot be expressed exactly.
        ConfigurationError: If a parameter does not fit the network.
    """
    layout, precision = read_layout(directory), dtype or torch.float32
    name = network_class(layout.network)
    # Before anything large is read; only SD3's and Flux's processes depend on the network.
    reading = read_scheduler(layout.scheduler, sigmas=Sigmas(), name=scheduler, final=final, clip=clip)
    if name not in CLASSIFIED:
        raise DataError(f"network {layout.network} is of {name}: known are {', '.join(CLASSIFIED)}")
    network, conditions = load_classified(layout.network, name, precision, layout.labels, null)
    codec, factor, channels = _codec(layout, network, posterior, precision)
    shape = (channels, *_sides(size, factor, network))
    denoiser = NetworkDenoiser(network.module, reading.process.parameterization, precision)
    lines = {
        "network": f"{network.told}, for images of {times(shape)}{_latent(layout, codec, posterior)}",
        "process": reading.told,
        "conditions": conditions.told,
    }
    return Model(
        name=directory.resolve().name,
        denoiser=denoiser if reading.clip is None else ClippedDenoiser(denoiser, reading.clip),
        schedule=reading.process.schedule,
        codec=codec,
        conditions={name: row.to(precision) for name, row in conditions.rows.items()},
        null=None if conditions.null is None else conditions.null.to(precision),
        shape=shape,
        dataset="",
        provenance={"directory": str(directory), "pipeline": layout.pipeline, **lines},
        multiple=None if network.multiple is None else network.multiple * factor,
        aliases=conditions.aliases,
        told=tuple(f"{part:<12}{line}" for part, line in lines.items()),
    )


def _codec(layout: Layout, network: Network, posterior: Posterior, dtype: torch.dtype) -> tuple[Codec, int, int]:
    if layout.autoencoder is None:
        return PixelCodec(), 1, network.channels
    return load_codec(layout.autoencoder, network.channels, posterior, dtype)


def _latent(layout: Layout, codec: Codec, posterior: Posterior) -> str:
    if layout.autoencoder is None:
        return ""
    return f", in the latents of {layout.autoencoder.name}/ ({posterior} of its posterior)"


def _sides(size: int | tuple[int, int] | None, factor: int, network: Network) -> tuple[int, int]:
    """(H, W) of the images."""
    own = None if network.side is None else (network.side[0] * factor, network.side[1] * factor)
    if size is None:
        if own is None:
            raise ConfigurationError("the network does not say how large its images are: --set model.size=PIXELS")
        return own
    height, width = (size, size) if isinstance(size, int) else size
    if network.multiple is None and (height, width) != own:
        raise ConfigurationError(f"size cannot be {height}x{width}: the network's positions are fixed, to {own}")
    step = factor * (network.multiple or 1)
    if min(height, width) < 1 or height % step or width % step:
        raise ConfigurationError(f"size cannot be {height}x{width}: both sides must be multiples of {step}")
    return height, width
