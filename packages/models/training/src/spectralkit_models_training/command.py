"""``spectralkit train`` and ``spectralkit train-autoencoder``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial

from spectralkit.cli.command import Command
from spectralkit.errors import ConfigurationError
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.config import DiffusionConfig, TrainingConfig
from spectralkit_models_training.options import configure, read


def run(name: str, config: type[TrainingConfig], arguments: Namespace) -> int:
    """Train, or say what would be trained."""
    wanted = read(arguments, name, config)
    if arguments.out is None and not arguments.dry_run:
        raise ConfigurationError(f"spectralkit {name} needs --out DIR, where the model goes (or --dry-run)")
    from spectralkit_models_training.assembly import assemble_diffusion
    from spectralkit_models_training.autoencoder.assembly import assemble_autoencoder
    from spectralkit_models_training.dry import tell
    from spectralkit_models_training.session import Order, train

    assemble = assemble_diffusion if config is DiffusionConfig else assemble_autoencoder
    if arguments.dry_run:
        tell(wanted, assemble)
        return 0
    train(Order(name, wanted, assemble, arguments.out, arguments.resume, arguments.quiet))
    return 0


def command(name: str, config: type[TrainingConfig]) -> Command:
    """The command that trains by such a configuration."""

    def add(parser: ArgumentParser) -> None:
        configure(parser, name, config)

    return Command(add, partial(run, name, config))


train = command("train", DiffusionConfig)
train_autoencoder = command("train-autoencoder", AutoencoderConfig)
