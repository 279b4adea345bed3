"""The public face in Python: load things by name, translate images.

import spectralkit as sk

model = sk.load_model("edm")
method = sk.load_method("ovg(eta_lf=1e-4)+taba")
out = sk.translate(model, method, images, source="low-x8", target="high", steps=50, seed=42)
out.images, out.inversion.latent, out.cost
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit.checkpoint import CONFIG, load_checkpoint
from spectralkit.data import TranslationDataset
from spectralkit.errors import ConfigurationError, DataError, NonFiniteError
from spectralkit.inversion import driver
from spectralkit.inversion.expression import parse
from spectralkit.inversion.noise import Noise
from spectralkit.inversion.parts import Inversion, Parts
from spectralkit.inversion.probe import Context, Cost, Label, Meter
from spectralkit.metric import Score
from spectralkit.model import Model
from spectralkit.registry import registry
from spectralkit.specs import MetricSpec, ModelSpec


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


def load_model(
    name: str, /, *, dataset: TranslationDataset | None = None, device: str = "cpu", **parameters: Any
) -> Model:
    """A model by registered name or checkpoint directory, on ``device``.

    Args:
        name: A registered name, or a directory with ``config.json`` and ``weights.safetensors``.
        dataset: What a fitted model (``gaussian``) is fitted to; others do not look at it.
        device: ``auto``, ``cpu``, ``cuda``, ...
        **parameters: The model's own.

    Raises:
        SpectralkitError: If there is no such model, it cannot be read, or the device is absent.
    """
    return build_model(name, parameters, dataset=dataset, device=device)


def build_model(name: str, parameters: Mapping[str, Any], *, dataset: TranslationDataset | None, device: str) -> Model:
    """:func:`load_model` for parameters that somebody typed, whatever they are called."""
    where = find_device(device)
    if is_directory(name):
        if parameters:
            raise ConfigurationError(f"checkpoint {name} takes no parameters, got {', '.join(parameters)}")
        return load_checkpoint(Path(name), Path(name).resolve().name).to(where)
    spec = cast(ModelSpec, registry().resolve("model", name).spec)
    supplied: dict[str, Any] = {}
    if spec.fitted:
        _check_free("model", name, parameters, ("dataset",))
        supplied["dataset"] = load_dataset(spec.dataset) if dataset is None else dataset
    return cast(Model, registry().build("model", name, **parameters, **supplied)).to(where)


def _check_free(kind: str, name: str, parameters: Mapping[str, Any], supplied: Sequence[str]) -> None:
    """Refuse parameters that come from elsewhere."""
    for parameter in parameters:
        if parameter in supplied:
            raise ConfigurationError(
                f"{kind} {name!r}: '{parameter}' comes from the data set and cannot be set: choose another data set"
            )


def is_directory(name: str) -> bool:
    """Whether a model is named by a path rather than a registered name.

    Raises:
        DataError: If it is a path without a checkpoint.
    """
    if "/" not in name and not name.startswith("."):
        return False
    if not (Path(name) / CONFIG).is_file():
        raise DataError(f"no checkpoint at {name}: name a directory that holds {CONFIG}, or a registered model")
    return True


def load_method(expression: str, settings: Mapping[str, Mapping[str, Any]] | None = None) -> Parts:
    """The parts of a method expression such as ``ovg(eta_lf=1e-4)+taba``.

    Args:
        expression: Names joined by ``+``, each with keyword literals.
        settings: Further parameters by method name; they win over the expression's.

    Raises:
        SpectralkitError: If the expression is malformed, a name unknown, a parameter wrong, or two parts conflict.
    """
    settings = settings or {}
    built = [
        cast(Parts, registry().build("method", term.name, **{**term.arguments, **settings.get(term.name, {})}))
        for term in parse(expression)
    ]
    return reduce(add, built, Parts())


def load_metric(name: str, /, *, dataset: TranslationDataset | None = None, **parameters: Any) -> Score:
    """The metric registered as ``name``.

    Args:
        name: A registered name.
        dataset: Where the metric finds the facts it needs (real target images, how structure is compared).
        **parameters: The metric's own.

    Raises:
        SpectralkitError: If there is none, a parameter is wrong, or the metric needs a data set.
    """
    return build_metric(name, parameters, dataset=dataset)


def build_metric(name: str, parameters: Mapping[str, Any], *, dataset: TranslationDataset | None) -> Score:
    """:func:`load_metric` for parameters that somebody typed, whatever they are called."""
    spec = cast(MetricSpec, registry().resolve("metric", name).spec)
    _check_free("metric", name, parameters, spec.facts)
    if spec.facts and dataset is None:
        raise ConfigurationError(f"metric '{name}' needs {' and '.join(spec.facts)} of a data set: pass dataset=")
    facts = {fact: getattr(dataset, fact) for fact in spec.facts}
    return cast(Score, registry().build("metric", name, **facts, **parameters))


def find_device(name: str) -> torch.device:
    """The device called ``name``; ``auto`` is CUDA where there is one, else the CPU.

    Raises:
        ConfigurationError: If it does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are going out of use
            device = torch.device(name)
            torch.empty(1, device=device).cpu()
    except Exception as error:  # every backend that is absent fails in its own way
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigurationError(f"device {name!r} cannot be used: {why}; use 'auto' or 'cpu'") from error
    return device


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
