"""The program ``spectralkit``: finds the commands, runs the chosen one, and turns every failure into one line.

How it ends, :mod:`spectralkit.cli.ending` tells.
"""

from __future__ import annotations

import sys
import warnings
from argparse import ONE_OR_MORE, Action, ArgumentError, ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from io import TextIOWrapper
from typing import Any, NoReturn

from spectralkit.cli.command import Command
from spectralkit.cli.ending import PROGRAM, check_streams, end, warn
from spectralkit.cli.output import json_only
from spectralkit.cli.streams import diverted
from spectralkit.errors import ConfigurationError, PluginError, SpectralkitError
from spectralkit.plugins.registered import Registered, blame, culprits, failure, taking_part
from spectralkit.plugins.registry import Registry, registry, survey
from spectralkit.plugins.text import brief, one_line

LISTING = "plugins"
"""The command that tells what is wrong with plugins."""


class Parser(ArgumentParser):
    """Argument parsing whose errors are those of the program; options are written out, never abbreviated."""

    def __init__(self, **options: object) -> None:
        super().__init__(**{"allow_abbrev": False, **options})  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise ConfigurationError(f"{message} (see `{self.prog} --help`)")

    def _get_values(self, action: Action, arg_strings: list[str]) -> Any:
        """The values of an argument; a ``--`` in the place of one is told, where Python goes on with an empty list."""
        if action.nargs in (None, ONE_OR_MORE) and all(word == "--" for word in arg_strings):
            raise ArgumentError(action, "expected a value, and '--' is none")
        return super()._get_values(action, arg_strings)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help or version; Python's own does not tell when nothing arrives."""
        (file or sys.stderr).write(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a locale without the letter is no reason to fail
    try:
        check_streams()
        code = _exit_code(given)
        sys.stdout.flush()
    except BaseException as error:
        code = end(error, json="--json" in given)
    return code


def _exit_code(arguments: Sequence[str]) -> int:
    try:
        return _run(arguments)
    except SystemExit as stop:  # --help, --version, or a command's wish
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0
        raise


def _run(arguments: Sequence[str]) -> int:
    with warnings.catch_warnings():
        warnings.showwarning = _told_once()
        word = next((word for word in arguments if not word.startswith("-")), None)
        with diverted():  # no plugin has anything to say before the command is known
            found = survey()
            chosen = None if word is None else choose(found, word)
            parser = build_parser(found, chosen)
        parsed = parser.parse_args(arguments)  # --help and --version end here
        assert chosen is not None  # a command is required
        registered, command = chosen
        if registered.spec.name != LISTING:
            registry()  # under SPECTRALKIT_STRICT a broken plugin is an error, which the listing of plugins explains
        with json_only() if getattr(parsed, "json", False) is True else nullcontext():
            return _carry_out(registered, command, parsed)


def _told_once() -> Callable[..., None]:
    """Tells what is doubtful, not in which line of whose code it was noticed, and no line a second time."""
    told: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: object, **wherever: object) -> None:
        if (line := one_line(message)) not in told:
            told.add(line)
            warn(line)

    return show


Chosen = tuple[Registered, Command]
"""A command and where it comes from."""


def choose(found: Registry, word: str) -> Chosen:
    """The command of that name or alias, imported.

    Raises:
        UnknownNameError: If there is no such command.
        PluginError: If two have the name, or the command cannot be loaded.
    """
    registered = found.resolve("command", word)
    command = found.load(registered)
    if not isinstance(command, Command):
        raise PluginError(f"{registered.origin}: {registered.spec.target} is no Command")
    return registered, command


def build_parser(found: Registry, chosen: Chosen | None) -> Parser:
    """The program's parser: every command with its summary, only ``chosen`` given its arguments.

    Raises:
        PluginError: If the command cannot be configured.
    """
    parser = Parser(prog=PROGRAM, description="Diffusion inversion and spectral evaluation.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version(PROGRAM)}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    specs = {registered.spec.name: registered.spec for registered in found.all("command")}
    taken = set(specs)
    for name, spec in specs.items():
        aliases = [alias for alias in spec.aliases if alias not in taken]  # two strangers' claims are told on use
        taken.update(aliases)
        commands.add_parser(name, aliases=aliases, help=_escaped(spec.summary))
    if chosen is not None:
        registered, command = chosen
        chosen_parser = commands.choices[registered.spec.name]
        chosen_parser.description = _escaped(registered.spec.summary)
        with blame(registered):
            command.configure(chosen_parser)
    return parser


def _carry_out(registered: Registered, command: Command, parsed: Namespace) -> int:
    """Run the command; it may end the program as programs do, but nothing that it loads may, and defects have names."""
    with taking_part() as parts:
        try:
            code = command.run(parsed)
        except (SpectralkitError, OSError, KeyboardInterrupt):
            raise
        except BaseException as error:
            guilty = culprits(error, (*parts, registered)) or (registered,)
            if registered in guilty and (isinstance(error, SystemExit) or registered.distribution == PROGRAM):
                raise
            raise failure(error, guilty) from error
    if type(code) is not int:
        raise PluginError(f"{registered.origin} returned {brief(code)}, expected an exit code")
    return code


def _escaped(summary: str) -> str:
    """Safe to print, and to argparse's %-formatting."""
    return one_line(summary).replace("%", "%%")
