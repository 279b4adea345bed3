"""From a configuration to a task: data, process, space and network, and what of them does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs
import torch

from spectralkit.data import TrainingSet
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError, SpectralkitError
from spectralkit.models.backbone import multiple
from spectralkit.models.card import Card
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.plugins.text import one_line
from spectralkit.plugins.training import build_training
from spectralkit.running.config import check_parts
from spectralkit_models_training.aside import Aside
from spectralkit_models_training.backbones import backbone
from spectralkit_models_training.config import DiffusionConfig, TrainingConfig
from spectralkit_models_training.diffusion import DiffusionTask
from spectralkit_models_training.objective import Objective, Weight
from spectralkit_models_training.scoring import Yardstick
from spectralkit_models_training.space import find_space
from spectralkit_models_training.task import Task


@attrs.frozen(eq=False)
class Assembled:
    """A task, and what identifies the data it rests on.

    Args:
        task: What is trained.
        data: Digests by what they are of; a training is only continued on the same.
        measured: What was measured of the data.
        rests: Whether some weights take no gradient in some steps, which several processes must know.
        ahead: What a rehearsal has left out: seconds that it takes before the first step, by what is done.
    """

    task: Task
    data: dict[str, Any]
    measured: dict[str, Any] = attrs.field(factory=dict)
    rests: bool = False
    ahead: dict[str, float] = attrs.field(factory=dict)


def training_set(config: TrainingConfig) -> TrainingSet:
    """The training data, with the parameters that the configuration gives it; its images are as large as the crops.

    Raises:
        ConfigurationError: If neither it nor the data set has such a parameter, or one of them refuses what is given.
    """
    known = {parameter.name for parameter in registry().parameters("dataset", config.dataset)}
    given = config.settings.get("dataset", {})
    parameters = {**({"size": config.size} if "size" in known else {}), **given}
    data = cast(TrainingSet, build_training(config.dataset, parameters))
    if given:
        _check_run(config.dataset, {name: value for name, value in parameters.items() if name in known})
    return data


def _check_run(dataset: str, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that its data set refuses: a run of the model that is trained would find them recorded."""
    spec = cast(DatasetSpec, registry().resolve("dataset", dataset).spec)
    if spec.target != spec.training:  # what is both has just been built
        registry().build("dataset", dataset, **parameters)


def assemble_diffusion(config: DiffusionConfig, device: torch.device, aside: Aside) -> Assembled:
    """The task of ``spectralkit train``.

    Args:
        config: What is asked for.
        device: Where it will be trained.
        aside: Where what takes a while is kept, and who is told of it.

    Raises:
        SpectralkitError: If something is unknown or does not fit; all is looked at before anything takes a while.
    """
    check_parts(config.settings, {"dataset", "process"})
    _check_space(config)
    _check_levels(config, _process(config, config.settings.get("process", {})))
    data = training_set(config)
    channels = data.draw([0], config.size, torch.Generator().manual_seed(0)).shape[1]
    space = find_space(config, data, channels)
    yardstick = Yardstick.of(config, data, len(data.conditions) - 1)
    torch.manual_seed(config.seed)
    network = backbone(config, space.channels, config.size // space.factor, len(data.conditions))
    supply = space.supply(device, aside)
    parameters = _completed(config, supply.spread)
    divisor = multiple(network)
    card = Card(
        process=config.process,
        process_parameters=dict(parameters),
        conditions=data.conditions,
        shape=(channels, config.size, config.size),
        multiple=None if divisor is None else divisor * space.factor,
        dataset=config.dataset,
        latent=supply.normalisation,
        training={},
    )
    task = DiffusionTask(
        network,
        config,
        data,
        supply.source,
        Objective(_process(config, parameters), cast(Weight, config.loss), config.gamma),
        supply.codec,
        card,
        space.autoencoder,
        yardstick,
    )
    return Assembled(
        task,
        data={"data_sha256": data.digest, **space.digests},
        measured={"spread": supply.spread, **parameters},
        ahead=supply.ahead,
    )


def _check_space(config: DiffusionConfig) -> None:
    latent = config.space == "latent"
    if latent and config.autoencoder is None:
        raise ConfigurationError(
            "--space latent needs --autoencoder: a directory that spectralkit train-autoencoder made, or a model's name"
        )
    if not latent and config.autoencoder is not None:
        raise ConfigurationError("--autoencoder serves a latent diffusion: add --space latent or leave it out")
    if not latent and config.latent_spread != 1:
        raise ConfigurationError("latent-spread is that of a latent diffusion: add --space latent or leave it out")
    if config.small_steps and (latent or config.backbone == "dit"):
        raise ConfigurationError(
            "small-steps needs a U-Net on pixels, which takes crops of half the side: leave it out"
        )


def _check_levels(config: DiffusionConfig, process: Process) -> None:
    """Refuse pictures of more transitions than the process has levels: they would only fail once it is trained."""
    try:
        process.schedule.levels(config.sample_steps)
    except SpectralkitError as error:
        raise ConfigurationError(f"sample-steps {config.sample_steps} is impossible: {one_line(error)}") from error


def _process(config: DiffusionConfig, parameters: Mapping[str, Any]) -> Process:
    return cast(Process, registry().build("parameterization", config.process, **parameters))


def _completed(config: DiffusionConfig, spread: float) -> dict[str, Any]:
    """The process's parameters; ``sigma_data``, where it has one that is not given, is measured."""
    given = dict(config.settings.get("process", {}))
    takes = {parameter.name for parameter in registry().parameters("parameterization", config.process)}
    return {"sigma_data": spread, **given} if "sigma_data" in takes else given
