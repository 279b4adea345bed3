"""Train a checkpoint: ``python -m spectralkit_models_training --process edm --dataset ihc --out DIR``.

The run is resumable: its whole state is kept in ``--state`` and picked up from there. The checkpoint's ``config.json``
records everything that made the weights: configuration, seed, data digest, versions.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import attrs
import torch

from spectralkit.data import TrainingSet
from spectralkit.diffusion.process import Process
from spectralkit.errors import ConfigurationError, SpectralkitError
from spectralkit.models.legacy import CheckpointConfig, save_checkpoint
from spectralkit.models.unet import ConditionalUNet, UNetConfig
from spectralkit.plugins.registry import registry
from spectralkit.plugins.text import brief
from spectralkit.plugins.training import build_training
from spectralkit.running.config import literal
from spectralkit.running.rundir import fresh_directory
from spectralkit_models_training.train import Trainer, TrainingConfig, train


def parse() -> argparse.Namespace:
    """The command line; every field of :class:`TrainingConfig` is an option."""
    parser = argparse.ArgumentParser(prog="python -m spectralkit_models_training", description=__doc__)
    parser.add_argument("--process", required=True, help="parameterization, like 'ddim' or 'edm'")
    parser.add_argument("--set", action="append", default=[], metavar="PARAM=VALUE", help="a parameter of the process")
    parser.add_argument("--dataset", default="ihc", help="registered data set with training data")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint directory, must not exist")
    parser.add_argument("--state", type=Path, help="resumable state (default: OUT.state)")
    for field in attrs.fields(TrainingConfig):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    return parser.parse_args()


def process_parameters(assignments: Sequence[str]) -> dict[str, Any]:
    """``param=value`` assignments; values are Python literals, anything else is text.

    Raises:
        ConfigurationError: If an assignment is not of that form.
    """
    parameters = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (equals and name.strip().isidentifier()):
            raise ConfigurationError(f"malformed setting {brief(assignment)}: write --set param=value, like rho=7")
        parameters[name.strip()] = literal(value.strip())
    return parameters


def main() -> None:
    """Train and write the checkpoint."""
    arguments = parse()
    config = TrainingConfig(**{field.name: getattr(arguments, field.name) for field in attrs.fields(TrainingConfig)})
    parameters = process_parameters(arguments.set)
    process = cast(Process, registry().build("parameterization", arguments.process, **parameters))
    data = cast(TrainingSet, build_training(arguments.dataset, {}))
    torch.manual_seed(config.seed)
    network = ConditionalUNet(UNetConfig(), len(data.conditions))
    trainer = Trainer(network, process.schedule, process.parameterization, data, config)
    train(trainer, arguments.state or arguments.out.with_suffix(".state"))
    provenance = {
        **attrs.asdict(config),
        "data_sha256": data.digest,
        "versions": {"python": platform.python_version(), "torch": version("torch"), "diffusers": version("diffusers")},
    }
    checkpoint = CheckpointConfig(
        network=UNetConfig(),
        process=arguments.process,
        process_parameters=parameters,
        conditions=data.conditions,
        shape=(UNetConfig().channels, config.size, config.size),
        dataset=arguments.dataset,
        training=provenance,
    )
    with fresh_directory(arguments.out) as directory:
        save_checkpoint(directory, trainer.average, checkpoint)


if __name__ == "__main__":
    try:
        main()
    except SpectralkitError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
