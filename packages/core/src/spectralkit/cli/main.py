"""The program ``spectralkit``: finds the commands, runs the chosen one, and turns every failure into one line.

Exit codes: 0 done; 1 a defect; 2 a mistake of the user's, a file's or a plugin's; 130 interrupted; 141 the reader of a
pipe is gone. ``SPECTRALKIT_DEBUG=1`` shows the traceback.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import version
from io import TextIOWrapper
from typing import NoReturn

from spectralkit.cli.command import Command
from spectralkit.cli.output import json_only
from spectralkit.cli.streams import diverted
from spectralkit.errors import ConfigurationError, PluginError, SpectralkitError
from spectralkit.plugins.registered import Registered, blame, failure
from spectralkit.plugins.registry import Registry, registry, survey
from spectralkit.plugins.text import brief, one_line, reason

PROGRAM = "spectralkit"
LISTING = "plugins"
"""The command that tells what is wrong with plugins."""


class Parser(ArgumentParser):
    """Argument parsing whose errors are those of the program; options are written out, never abbreviated."""

    def __init__(self, **options: object) -> None:
        super().__init__(**{"allow_abbrev": False, **options})  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage."""
        raise ConfigurationError(f"{message} (see `{self.prog} --help`)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a locale without the letter is no reason to fail
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except SystemExit as stop:  # --help, --version
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else _fail(stop.code, 1)
    except KeyboardInterrupt:
        code = _say("interrupted", 130)
    except BrokenPipeError:
        # Python flushes stdout once more as it exits; give it somewhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (SpectralkitError, OSError) as error:  # the user's files are the user's
        code = _fail(error, 2)
    except Exception as error:
        code = _fail(f"{reason(error)} (a defect: SPECTRALKIT_DEBUG=1 shows where)", 1)
    return code


def _run(arguments: Sequence[str]) -> int:
    with warnings.catch_warnings():
        warnings.showwarning = _warn
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
            return _exit_code(registered, command, parsed)


def _warn(message: Warning | str, category: type[Warning], *where: object, **wherever: object) -> None:
    """A warning as one line: what is doubtful, not in which line of whose code it was noticed."""
    print(f"{PROGRAM}: warning: {one_line(message)}", file=sys.stderr)


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


def _exit_code(registered: Registered, command: Command, parsed: Namespace) -> int:
    """Run the command; it may end the program as programs do, but a stranger's defect is told as the stranger's."""
    try:
        code = command.run(parsed)
    except (SpectralkitError, OSError, SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        if registered.distribution == PROGRAM:
            raise
        raise failure(error, (registered,)) from error
    if type(code) is not int:
        raise PluginError(f"{registered.origin} returned {brief(code)}, expected an exit code")
    return code


def _escaped(summary: str) -> str:
    """Safe to print, and to argparse's %-formatting."""
    return one_line(summary).replace("%", "%%")


def _fail(message: object, code: int) -> int:
    return _say(f"error: {one_line(message)}", code)


def _say(message: str, code: int) -> int:
    """One line on stderr; under ``SPECTRALKIT_DEBUG`` the traceback of the exception at hand before it."""
    if os.environ.get("SPECTRALKIT_DEBUG", "0") not in ("", "0") and sys.exc_info()[0] is not None:
        traceback.print_exc()
    print(f"{PROGRAM}: {message}", file=sys.stderr)
    return code
