"""A directory that diffusers saved, as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from spectralkit.diffusion.denoiser import Denoiser, NetworkDenoiser
from spectralkit.diffusion.schedule import Final
from spectralkit.models.card import Posterior
from spectralkit.models.model import Codec, Model, PixelCodec
from spectralkit.plugins.text import times
from spectralkit_models_diffusers.autoencoder import load_codec
from spectralkit_models_diffusers.clipped import ClippedDenoiser
from spectralkit_models_diffusers.frame import read_frame
from spectralkit_models_diffusers.layout import Layout, read_layout
from spectralkit_models_diffusers.networks import Network, Wishes, load_network
from spectralkit_models_diffusers.prompted import DistilledDenoiser
from spectralkit_models_diffusers.scheduler import Reading, read_scheduler

Precision = Literal["float32", "float16", "bfloat16"]


def load(
    directory: Path,
    dtype: torch.dtype | None = None,
    *,
    precision: Precision | None = None,
    size: int | tuple[int, int] | None = None,
    prompts: tuple[str, ...] = (),
    negative_prompt: str | None = None,
    null: int | None = None,
    posterior: Posterior = "mode",
    scheduler: str | None = None,
    final: Final | None = None,
    clip: bool | None = None,
) -> Model:
    """What diffusers saved, on the CPU, its weights in ``dtype``.

    Args:
        directory: A pipeline, or a network with a scheduler's configuration.
        dtype: What networks run in.
        precision: The same by name, for those who cannot give a dtype; None is float32.
        size: Side of the images, or height and width; None is what the network was trained on.
        prompts: Texts that become conditions, each called by itself and the empty one ``any``.
        negative_prompt: What guidance leads away from; None is the empty prompt.
        null: Number of the class that stands for none, where the directory does not say; guidance needs it.
        posterior: What is taken of a variational autoencoder's distribution: its ``mode``, or a seeded ``sample``.
        scheduler: Class that the scheduler's configuration is read as, like DDIMScheduler; None is its own.
        final: The clean level: the ``level`` of timestep 0, or ``clean``; None is what the scheduler says.
        clip: Whether predicted images are clipped at each step; None is what the scheduler says (clip_sample).

    Raises:
        DataError: If a part is missing, corrupt, of an unknown kind, or cannot be expressed exactly.
        ConfigurationError: If a parameter does not fit the network.
    """
    layout, dtype = read_layout(directory), dtype or getattr(torch, precision or "float32")
    # What configurations tell is refused before anything large is read.
    frame = read_frame(layout.network, layout.autoencoder, size)
    reading = read_scheduler(layout.scheduler, sigmas=frame.sigmas, name=scheduler, final=final, clip=clip)
    network = load_network(layout, frame, dtype, Wishes(null, prompts, negative_prompt))
    codec: Codec = PixelCodec()
    if layout.autoencoder is not None:
        codec = load_codec(layout.autoencoder, frame.channels, posterior, dtype)
    shape, conditions = (frame.pixels, *frame.size), network.conditions
    lines = {
        "network": f"{network.told}, for images of {times(shape)}{_latent(layout, posterior)}",
        "process": reading.told,
        "conditions": conditions.told,
    }
    if frame.own not in (None, frame.size):
        lines["size"] = f"images of {times(shape)}, as asked for; the network's own are {times(frame.own)}"
    return Model(
        name=directory.resolve().name,
        denoiser=_denoiser(network, reading, dtype),
        schedule=reading.process.schedule,
        codec=codec,
        conditions={name: row.to(dtype) for name, row in conditions.rows.items()},
        null=None if conditions.null is None else conditions.null.to(dtype),
        shape=shape,
        dataset="",
        provenance={"directory": str(directory), "pipeline": layout.pipeline, **lines},
        multiple=None if reading.dynamic else frame.step,
        aliases=conditions.aliases,
        told=tuple(f"{part:<12}{line}" for part, line in lines.items()),
    )


def _denoiser(network: Network, reading: Reading, dtype: torch.dtype) -> Denoiser:
    plain = NetworkDenoiser(network.module, reading.process.parameterization, dtype)
    if network.guided:
        return DistilledDenoiser(plain)
    return plain if reading.clip is None else ClippedDenoiser(plain, reading.clip)


def _latent(layout: Layout, posterior: Posterior) -> str:
    if layout.autoencoder is None:
        return ""
    return f", in the latents of {layout.autoencoder.name}/ ({posterior} of its posterior)"
