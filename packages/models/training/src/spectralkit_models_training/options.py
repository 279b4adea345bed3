"""Options of the command line from the fields of a configuration; presets, files and options in layers."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import attrs

from spectralkit.cli.options import add_set, path
from spectralkit.cli.output import add_quiet
from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief, nearest
from spectralkit.running.checks import OneOf
from spectralkit.running.config import literal, parse_settings, read_table
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.record import recorded

Config = type[TrainingConfig]


def configure(parser: ArgumentParser, command: str, config: Config) -> None:
    """Add every field of ``config`` as an option."""
    defaults = config()
    parser.add_argument("--out", type=path, metavar="DIR", help="where the model goes, with what made it")
    parser.add_argument("--resume", action="store_true", help="go on with the training in --out")
    if known := presets(command):
        parser.add_argument("--preset", metavar="NAME", help=f"one of {', '.join(known)}")
    else:
        parser.set_defaults(preset=None)
    parser.add_argument("--config", type=path, metavar="FILE", help=f"TOML file with a table [{command}]")
    add_set(parser, "PART.PARAM", "a parameter of 'dataset' or another part, like dataset.root=DIR")
    parser.add_argument("--dry-run", action="store_true", help="say what would be trained, and how long it would take")
    add_quiet(parser)
    group = parser.add_argument_group("hyper-parameters", "the order of precedence is options, --config, --preset")
    for field in fields(config):
        value = getattr(defaults, field.name)
        told = ",".join(map(str, value)) if isinstance(value, tuple) else value
        meaning = f"{field.metadata['help']} (default: {told})".replace("%", "%%")
        choice = f"{{{','.join(field.validator.known)}}}" if isinstance(field.validator, OneOf) else "VALUE"
        group.add_argument(f"--{field.name.replace('_', '-')}", metavar=choice, help=meaning)


def fields(config: Config) -> Iterator[attrs.Attribute[Any]]:
    """The fields that are options by themselves."""
    return (field for field in attrs.fields(config) if "help" in field.metadata)


def read(arguments: Namespace, command: str, config: Config) -> TrainingConfig:
    """The configuration that the command line asks for; with ``--resume``, what is not asked is as it was begun with.

    Raises:
        ConfigurationError: If an option is impossible or unknown.
    """
    given = {
        field.name: literal(value) for field in fields(config) if (value := getattr(arguments, field.name)) is not None
    }
    layers = [
        {} if arguments.preset is None else preset(command, arguments.preset, config),
        {} if arguments.config is None else read_table(arguments.config, command, config),
        given | ({"settings": parse_settings(arguments.set)} if arguments.set else {}),
    ]
    asked = merged(layers)
    if not arguments.resume:
        return config(**asked)
    if arguments.out is None:
        raise ConfigurationError("--resume needs --out, the directory of the training to go on with")
    return config(**merged([recorded(arguments.out, command, config), asked]))


def merged(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Later layers go before earlier ones; settings are merged by part and parameter."""
    table: dict[str, Any] = {}
    for layer in layers:
        settings = {part: dict(values) for part, values in table.get("settings", {}).items()}
        for part, values in layer.get("settings", {}).items():
            settings[part] = settings.get(part, {}) | values
        table = table | layer | ({"settings": settings} if settings else {})
    return table


def presets(command: str) -> dict[str, Path]:
    """Files of the command's presets by name."""
    folder = Path(str(files(__package__))) / "presets" / command
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def preset(command: str, name: str, config: Config) -> dict[str, Any]:
    """A preset's table.

    Raises:
        ConfigurationError: If there is none of that name.
    """
    known = presets(command)
    if name not in known:
        raise ConfigurationError(f"unknown preset {brief(name)}: {nearest(name, known)}known are {', '.join(known)}")
    return read_table(known[name], command, config)
