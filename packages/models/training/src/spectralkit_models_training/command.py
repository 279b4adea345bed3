"""``spectralkit train`` and ``spectralkit train-autoencoder``, and how another package makes a command of its kind."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from spectralkit.cli.command import Command
from spectralkit.errors import ConfigurationError
from spectralkit.running.folders import check_folders
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.config import DiffusionConfig, TrainingConfig
from spectralkit_models_training.options import configure, read

if TYPE_CHECKING:
    from spectralkit_models_training.session import Assemble


def run(name: str, config: type[TrainingConfig], assembler: Callable[[], Assemble], arguments: Namespace) -> int:
    """Train, or say what would be trained."""
    wanted = read(arguments, name, config)
    if arguments.out is None and not arguments.dry_run:
        raise ConfigurationError(f"spectralkit {name} needs --out DIR, where the model goes (or --dry-run)")
    check_folders(wanted.dataset, wanted.settings.get("dataset", {}))
    from spectralkit_models_training.dry import tell
    from spectralkit_models_training.session import Order, train

    if arguments.dry_run:
        tell(wanted, assembler())
        return 0
    train(Order(name, wanted, assembler(), arguments.out, arguments.resume, arguments.quiet))
    return 0


def command(name: str, config: type[TrainingConfig], assembler: Callable[[], Assemble]) -> Command:
    """The command that trains by such a configuration.

    Args:
        name: Of the command, and of the table in its configuration files.
        config: Its fields are the options.
        assembler: Imports what makes the task of a configuration, and torch with it.
    """

    def add(parser: ArgumentParser) -> None:
        configure(parser, name, config)

    return Command(add, partial(run, name, config, assembler))


def _diffusion() -> Assemble:
    from spectralkit_models_training.assembly import assemble_diffusion

    return assemble_diffusion


def _autoencoder() -> Assemble:
    from spectralkit_models_training.autoencoder.assembly import assemble_autoencoder

    return assemble_autoencoder


train = command("train", DiffusionConfig, _diffusion)
train_autoencoder = command("train-autoencoder", AutoencoderConfig, _autoencoder)
