"""The public face in Python: load things by name, translate images.

import spectralkit as sk

model = sk.load_model("edm")
method = sk.load_method("ovg(eta_lf=1e-4)+taba")
out = sk.translate(model, method, images, source="low-x8", target="high", steps=50, seed=42)
out.images, out.inversion.latent, out.cost
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit.inversion import driver
from spectralkit.inversion.method import load_method
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Inversion, Parts
from spectralkit.inversion.probe import Context, Cost, Label, Meter
from spectralkit.metric import load_metric
from spectralkit.models.loading import load_model
from spectralkit.models.model import Model
from spectralkit.plugins.registry import registry

__all__ = ["Output", "check_input", "load_dataset", "load_method", "load_metric", "load_model", "translate"]


@attrs.frozen(eq=False)
class Output:
    """The result of :func:`translate`.

    Args:
        images: (B, C, H, W) in [0, 1], the translated images.
        inversion: The latent, the trajectory where kept, diagnostics.
        latent: (B, c, h, w), the terminal latent divided by the schedule's unit scale, as statistics expect it.
        cost: Network evaluations per sample, inversion and sampling together.
    """

    images: Tensor
    inversion: Inversion
    latent: Tensor
    cost: Cost


def load_dataset(name: str, /, **parameters: Any) -> TranslationDataset:
    """The data set registered as ``name``.

    Raises:
        SpectralkitError: If there is none, or a parameter is wrong.
    """
    return cast(TranslationDataset, registry().build("dataset", name, **parameters))


def translate(
    model: Model,
    method: Parts,
    images: Tensor,
    *,
    source: str,
    target: str,
    steps: int = 50,
    seed: int = 42,
    ids: Sequence[str] | None = None,
    guidance: float = 1.0,
    inversion_guidance: float = 1.0,
    label: Label = "current",
    keep_trajectory: bool = False,
    progress: driver.Progress = driver.silent,
) -> Output:
    """Invert ``images`` under the source condition and sample them under the target condition.

    Args:
        model: From :func:`load_model`.
        method: From :func:`load_method`, or composed from the packages' own functions.
        images: (B, C, H, W) in [0, 1].
        source: Name of the source condition.
        target: Name of the target condition.
        steps: N, the number of transitions each way.
        seed: Seed of all noise.
        ids: One id per image; with the seed it determines the image's noise, whatever the batch. Default 0, 1, ...
        guidance: Guidance weight while sampling; 1 is purely conditional.
        inversion_guidance: Guidance weight while inverting.
        label: What inversion steps tell the network: the ``current`` level or the ``next``.
        keep_trajectory: Whether to keep every state of the inversion.
        progress: Called after each transition.

    Raises:
        SpectralkitError: If an image, a condition or an option does not fit, or a state overflows.
    """
    ids = [str(i) for i in range(len(images))] if ids is None else ids
    check_input(images, ids)
    for name, weight in (("guidance", guidance), ("inversion_guidance", inversion_guidance)):
        if not math.isfinite(weight):
            raise ConfigurationError(f"{name} must be a finite number, got {weight}")
    if label == "next" and not model.schedule.admits_next_label:
        raise ConfigurationError(
            f"label 'next' has no meaning for model '{model.name}': its network is preconditioned for the level x is at"
        )
    noise = Noise(seed, ids)
    x0 = model.codec.encode(images.to(model.device), noise).to(method.dtype)
    context = Context(
        denoiser=model.denoiser,
        schedule=model.schedule,
        levels=model.schedule.levels(steps),
        top=driver.top_index(method, steps),
        x0=x0,
        source=model.condition(source),
        target=model.condition(target),
        inversion_guidance=inversion_guidance,
        sampling_guidance=guidance,
        noise=noise,
        label=label,
        meter=Meter(len(images)),
    )
    try:
        translation = driver.translate(method, context, keep_trajectory=keep_trajectory, progress=progress)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ConfigurationError(
            f"out of memory on {model.device} with {len(images)} images at a time: lower the batch size"
        ) from error
    inversion = translation.inversion
    latent = inversion.latent / model.schedule.unit_scale(context.levels[inversion.index])
    return Output(model.codec.decode(translation.x.float()), inversion, latent.float(), context.meter.cost)


def check_input(images: Tensor, ids: Sequence[str]) -> None:
    """Refuse what is not a finite batch of images in [0, 1], one per id.

    Raises:
        ConfigurationError: If there are more or fewer ids than images.
        DataError: On a wrong shape or range, naming the image.
        NonFiniteError: On NaN or infinity, naming the image.
    """
    if images.ndim != 4 or not images.numel() or not images.is_floating_point():
        raise DataError(
            f"images must be a non-empty floating-point (B, C, H, W) batch, got {images.dtype} {tuple(images.shape)}"
        )
    if len(ids) != len(images):
        raise ConfigurationError(f"{len(images)} images need as many ids, got {len(ids)}")
    for name, image in zip(ids, images, strict=True):
        if not torch.isfinite(image).all():
            raise NonFiniteError(f"image '{name}' holds NaN or infinity")
        low, high = image.min().item(), image.max().item()
        if low < 0 or high > 1:
            raise DataError(f"image '{name}' must lie in [0, 1], got [{low:.4g}, {high:.4g}]: rescale or clamp it")
