"""``spectralkit train-cyclediff``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from spectralkit.cli.command import Command
from spectralkit.errors import ConfigurationError

NAME = "train-cyclediff"


def _command() -> Command:
    """The command, made by the trainer.

    Raises:
        ConfigurationError: If the trainer is not installed.
    """
    try:
        from spectralkit_models_training.command import command
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{NAME} needs the trainer: pip install 'spectralkit-methods-cyclediff[train]'"
        ) from error
    from spectralkit_methods_cyclediff.training.config import CyclediffConfig

    return command(NAME, CyclediffConfig, _assembler)


def _assembler():  # type: ignore[no-untyped-def]  # the type is the trainer's, which may be absent
    from spectralkit_methods_cyclediff.training.assembly import assemble

    return assemble


def _configure(parser: ArgumentParser) -> None:
    _command().configure(parser)


def _run(arguments: Namespace) -> int:
    return _command().run(arguments)


train_cyclediff = Command(_configure, _run)
