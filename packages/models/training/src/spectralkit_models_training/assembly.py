"""From a configuration to a task: data, process, space and network, and what of them does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import nn

from spectralkit.data import TrainingSet
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError, DataError
from spectralkit.models.backbone import multiple
from spectralkit.models.card import Card, Normalisation
from spectralkit.models.latent import LatentCodec, Posterior
from spectralkit.models.loading import load_model
from spectralkit.models.model import Codec, PixelCodec
from spectralkit.plugins.registry import registry
from spectralkit.plugins.training import build_training
from spectralkit.running.config import check_parts
from spectralkit_models_training.autoencoder.directory import Facts, read_autoencoder, tried
from spectralkit_models_training.backbones import backbone
from spectralkit_models_training.bank import Bank, digest, domains_of, fill, moments, remembered
from spectralkit_models_training.config import DiffusionConfig, TrainingConfig
from spectralkit_models_training.diffusion import DiffusionTask, shares
from spectralkit_models_training.objective import Objective, Weight
from spectralkit_models_training.scoring import Yardstick
from spectralkit_models_training.source import Crops, Source, spread_of
from spectralkit_models_training.task import Task


@attrs.frozen
class Aside:
    """What goes on beside the assembly.

    Args:
        tell: Told what takes a while.
        folder: Where its result is kept; None keeps nothing.
    """

    tell: Callable[[str], None]
    folder: Path | None = None


@attrs.frozen(eq=False)
class Assembled:
    """A task, and what identifies the data it rests on.

    Args:
        task: What is trained.
        data: Digests by what they are of; a training is only continued on the same.
        measured: What was measured of the data.
        rests: Whether some weights take no gradient in some steps, which several processes must know.
    """

    task: Task
    data: dict[str, Any]
    measured: dict[str, Any] = attrs.field(factory=dict)
    rests: bool = False


@attrs.frozen(eq=False)
class Space:
    """Where a diffusion lives.

    Args:
        source: Of samples.
        codec: Between pixels and samples.
        channels: Of a sample.
        side: Of a sample.
        factor: Pixels a sample's side.
        spread: Standard deviation of the samples.
        normalisation: Of latents.
        autoencoder: Of latents.
        digests: Of the autoencoder.
    """

    source: Source
    codec: Codec
    channels: int
    side: int
    factor: int
    spread: float
    normalisation: Normalisation | None = None
    autoencoder: nn.Module | None = None
    digests: dict[str, str] = attrs.field(factory=dict)


def training_set(config: TrainingConfig) -> TrainingSet:
    """The training data, with the parameters that the configuration gives it."""
    return cast(TrainingSet, build_training(config.dataset, config.settings.get("dataset", {})))


def assemble_diffusion(config: DiffusionConfig, device: torch.device, aside: Aside) -> Assembled:
    """The task of ``spectralkit train``.

    Args:
        config: What is asked for.
        device: Where it will be trained.
        aside: Where what takes a while is kept, and who is told of it.

    Raises:
        SpectralkitError: If something is unknown or does not fit.
    """
    check_parts(config.settings, {"dataset", "process"})
    _check_space(config)
    _process(config, config.settings.get("process", {}))  # before anything that takes time
    data = training_set(config)
    space = _latent(config, data, device, aside) if config.space == "latent" else _pixel(config, data)
    parameters = _completed(config, space.spread)
    process = _process(config, parameters)
    torch.manual_seed(config.seed)
    network = backbone(config, space.channels, space.side, len(data.conditions))
    divisor = multiple(network)
    card = Card(
        process=config.process,
        process_parameters=dict(parameters),
        conditions=data.conditions,
        shape=(_channels(data), config.size, config.size),
        multiple=None if divisor is None else divisor * space.factor,
        dataset=config.dataset,
        latent=space.normalisation,
        training={},
    )
    task = DiffusionTask(
        network,
        config,
        data,
        space.source,
        Objective(process, cast(Weight, config.loss), config.gamma),
        space.codec,
        card,
        space.autoencoder,
        Yardstick.of(config, data, len(data.conditions) - 1),
    )
    return Assembled(task, {"data_sha256": data.digest, **space.digests}, {"spread": space.spread, **parameters})


def _check_space(config: DiffusionConfig) -> None:
    latent = config.space == "latent"
    if latent and config.autoencoder is None:
        raise ConfigurationError(
            "--space latent needs --autoencoder: a directory that spectralkit train-autoencoder made, or a model's name"
        )
    if not latent and config.autoencoder is not None:
        raise ConfigurationError("--autoencoder serves a latent diffusion: add --space latent or leave it out")
    if config.small_steps and (latent or config.backbone == "dit"):
        raise ConfigurationError(
            "small-steps needs a U-Net on pixels, which takes crops of half the side: leave it out"
        )


def _process(config: DiffusionConfig, parameters: Mapping[str, Any]) -> Process:
    return cast(Process, registry().build("parameterization", config.process, **parameters))


def _completed(config: DiffusionConfig, spread: float) -> dict[str, Any]:
    """The process's parameters; ``sigma_data``, where it has one that is not given, is measured."""
    given = dict(config.settings.get("process", {}))
    takes = {parameter.name for parameter in registry().parameters("parameterization", config.process)}
    return {"sigma_data": spread, **given} if "sigma_data" in takes else given


def _channels(data: TrainingSet) -> int:
    return data.draw([0], 16, torch.Generator().manual_seed(0)).shape[1]


def _pixel(config: DiffusionConfig, data: TrainingSet) -> Space:
    crops, row = Crops(data, config.size), shares(config, len(data.conditions))

    def draw(count: int, generator: torch.Generator) -> torch.Tensor:
        return crops.draw(torch.multinomial(row, count, replacement=True, generator=generator), False, generator)

    return Space(crops, PixelCodec(), _channels(data), config.size, 1, spread_of(draw, config.seed))


def _latent(config: DiffusionConfig, data: TrainingSet, device: torch.device, aside: Aside) -> Space:
    autoencoder, facts = _autoencoder(config, data)
    if config.size % facts.factor:
        raise ConfigurationError(
            f"size {config.size} is no multiple of {facts.factor}, the factor of autoencoder {config.autoencoder}: "
            "choose another size"
        )
    flat = torch.zeros(1, facts.channels, 1, 1)
    raw = LatentCodec(autoencoder, flat, flat + 1, cast(Posterior, config.posterior))
    domains = domains_of(shares(config, len(data.conditions)), config.bank)

    def encode() -> torch.Tensor:
        aside.tell(f"encoding {len(domains)} crops")
        return fill(Crops(data, config.size), domains, raw, config.seed, device)

    weights = digest(autoencoder)
    key = (data.digest, weights, config.size, config.bank, config.p_target, config.seed, config.posterior)
    rows = remembered(aside.folder and aside.folder / "bank.safetensors", repr(key), encode)
    shift, scale = moments(rows)
    rows = ((rows.float() - shift) / scale).half()
    normalisation = Normalisation(
        shift=shift.flatten().tolist(), scale=scale.flatten().tolist(), posterior=cast(Posterior, config.posterior)
    )
    return Space(
        source=Bank(rows, domains),
        codec=LatentCodec(autoencoder, shift, scale, cast(Posterior, config.posterior)),
        channels=facts.channels,
        side=config.size // facts.factor,
        factor=facts.factor,
        spread=1.0,  # by the normalisation
        normalisation=normalisation,
        autoencoder=autoencoder,
        digests={"autoencoder_sha256": weights},
    )


def _autoencoder(config: DiffusionConfig, data: TrainingSet) -> tuple[nn.Module, Facts]:
    """An autoencoder directory's, or that of a latent model.

    Raises:
        DataError: If it was made for other data.
    """
    name = cast(str, config.autoencoder)
    network, facts = read_autoencoder(Path(name)) if is_path(name) else _of_model(name)
    if facts.dataset not in (None, config.dataset):
        raise DataError(
            f"autoencoder {name} was trained on data set '{facts.dataset}', not '{config.dataset}': train one on it"
        )
    if (takes := cast(Any, network).config.in_channels) != _channels(data):
        raise DataError(
            f"autoencoder {name} takes images of {takes} channels, but data set '{config.dataset}' has "
            f"{_channels(data)}: train one on it"
        )
    return network, facts


def _of_model(name: str) -> tuple[nn.Module, Facts]:
    model = load_model(name)
    if not isinstance(model.codec, LatentCodec):
        raise DataError(f"model '{name}' works on pixels and has no autoencoder: name another, or a directory")
    network = cast(nn.Module, model.codec.autoencoder)
    factor, channels = tried(network, name)
    return network, Facts(factor=factor, channels=channels, dataset=model.dataset)


def is_path(name: str) -> bool:
    """Whether an autoencoder is named by a directory rather than by a registered model."""
    return "/" in name or Path(name).is_dir() or name not in registry().names("model")
