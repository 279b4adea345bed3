"""The public face in Python: load things by name, invert, sample, translate.

import spectralkit as sk
model = sk.load_model("edm")
method = sk.load_method("ovg(eta_lf=1e-4)+taba")
inverted = sk.invert(model, method, images, source="low-x8", steps=50, seed=42)
out = sk.sample(model, method, inverted, target="high")
out = sk.translate(model, method, images, source="low-x8", target="high", steps=50, seed=42)  # both at once
out.images, out.latent, out.cost
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError
from spectralkit.inversion import driver
from spectralkit.inversion.context import Context, Label, check_weight
from spectralkit.inversion.driver import Callback, Progress, Transition, onlooker
from spectralkit.inversion.memory import memory_told
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.method import load_method
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Parts
from spectralkit.models.coding import decode, decoded, encode, encoded, ids_of
from spectralkit.models.loading import load_model
from spectralkit.models.model import Model
from spectralkit.models.own import from_network
from spectralkit.models.prior import generate
from spectralkit.models.result import Inverted, Output
from spectralkit.plugins.held import held
from spectralkit.plugins.registry import register, registry

__all__ = [
    "Inverted",
    "Output",
    "Transition",
    "decode",
    "encode",
    "from_network",
    "generate",
    "invert",
    "load_dataset",
    "load_method",
    "load_model",
    "register",
    "sample",
    "translate",
]


@held
def load_dataset(name: str, /, **parameters: Any) -> TranslationDataset:
    """The data set registered as ``name``.

    Raises:
        SpectralkitError: If there is none, or a parameter is wrong.
    """
    return cast(TranslationDataset, registry().build("dataset", name, **parameters))


@held
def invert(
    model: Model,
    method: Parts,
    images: Tensor,
    *,
    source: str,
    steps: int = 50,
    seed: int = 42,
    ids: Sequence[str] | None = None,
    guidance: float = 1.0,
    label: Label = "current",
    keep_trajectory: bool = False,
    noise: Mapping[str, Tensor] | None = None,
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Inverted:
    """Invert ``images`` under the source condition.

    Args:
        model: From :func:`load_model`, or :func:`from_network`.
        method: From :func:`load_method`, or composed from the packages' own functions.
        images: (B, C, H, W) in [0, 1]; in float64 the solver's state is float64 too.
        source: Name of the source condition.
        steps: N, the number of transitions of the whole schedule.
        seed: Seed of all noise.
        ids: One id per image; with the seed it determines the image's noise, whatever the batch. Default 0, 1, ...
        guidance: Guidance weight; 1 is purely conditional.
        label: What the network is told: the ``current`` level or the ``next``.
        keep_trajectory: Whether to keep every state.
        noise: (B, c, h, w) numbers to use in place of draws, by purpose, as ``out.inversion``'s method names them
            (``entry``, ``taba``, ...): recorded noises replayed.
        progress: Called with (done, total, stage) after each transition.
        callback: Called with a :class:`Transition` after each: its level, its state, the predicted clean image.

    Raises:
        SpectralkitError: If an image, a condition or an option does not fit, or a state overflows.
    """
    check_weight("guidance", guidance)
    if label == "next" and not model.schedule.admits_next_label:
        raise ConfigurationError(
            f"label 'next' has no meaning for model '{model.name}': its network is preconditioned for the level x is at"
        )
    numbers = Noise(seed, ids_of(images, ids), given=noise or {})
    condition = model.condition(source)
    context = Context(
        denoiser=model.denoiser,
        schedule=model.schedule,
        levels=model.schedule.levels(steps),
        top=driver.top_index(method, steps),
        x0=encoded(model, images, numbers, method.dtype),
        source=condition,
        target=condition,
        inversion_guidance=guidance,
        sampling_guidance=1.0,
        noise=numbers,
        label=label,
        meter=Meter(len(images)),
        model=model.name,
    )
    with memory_told(context.x0):
        found = driver.invert(method, context, keep_trajectory=keep_trajectory, callback=onlooker(progress, callback))
    if method.sampler is None and method.repeats in (None, 1):  # nothing draws on the way back
        numbers.check_used()
    return Inverted(found.latent / model.schedule.unit_scale(context.levels[found.index]), found, context)


@held
def sample(
    model: Model,
    method: Parts,
    inverted: Inverted,
    *,
    target: str,
    guidance: float = 1.0,
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Output:
    """Sample under the target condition from what :func:`invert` returned; it can be done again with another target.

    Args:
        model: The model that inverted.
        method: The method that inverted, or one whose sampler understands what it left.
        inverted: From :func:`invert`.
        target: Name of the target condition.
        guidance: Guidance weight; 1 is purely conditional.
        progress: Called with (done, total, stage) after each transition.
        callback: Called with a :class:`Transition` after each.

    Raises:
        SpectralkitError: If the condition or an option does not fit, a given noise was not used, or a state overflows.
    """
    check_weight("guidance", guidance)
    inverted.check_schedule(model)
    context = attrs.evolve(
        inverted.context,
        denoiser=model.denoiser,
        target=model.condition(target),
        sampling_guidance=guidance,
        meter=Meter(inverted.context.meter.batch),
        model=model.name,
    )
    with memory_told(context.x0):
        sampled = driver.complete(method, inverted.inversion, context, callback=onlooker(progress, callback))
    context.noise.check_used()
    records = {name: torch.stack(values) for name, values in context.meter.records.items()}
    return Output(
        images=decoded(model, sampled.x),
        latent=inverted.latent,
        inversion=inverted.inversion,
        cost=context.meter.cost,
        records={**inverted.inversion.records, **records},
        state=sampled.state,
    )


@held
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
    noise: Mapping[str, Tensor] | None = None,
    progress: Progress | None = None,
    callback: Callback | None = None,
) -> Output:
    """:func:`invert` ``images`` under the source condition, then :func:`sample` them under the target condition.

    The arguments are theirs, ``guidance`` sampling's and ``inversion_guidance`` inversion's; the cost is that of both.
    """
    check_weight("guidance", guidance)  # before the work
    check_weight("inversion_guidance", inversion_guidance)
    model.condition(target)
    inverted = invert(
        model,
        method,
        images,
        source=source,
        steps=steps,
        seed=seed,
        ids=ids,
        guidance=inversion_guidance,
        label=label,
        keep_trajectory=keep_trajectory,
        noise=noise,
        progress=progress,
        callback=callback,
    )
    out = sample(model, method, inverted, target=target, guidance=guidance, progress=progress, callback=callback)
    return attrs.evolve(out, cost=inverted.cost + out.cost)
