"""The program ``spectralkit``: finds the commands, runs the chosen one, and turns every failure into one line.

Exit codes: 0 done; 1 a defect; 2 a mistake of the user's, a file's or a plugin's; 130 interrupted; 141 the reader of a
pipe is gone. ``SPECTRALKIT_DEBUG=1`` shows the traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.metadata import version
from io import TextIOWrapper
from typing import NoReturn, cast

from spectralkit.cli.command import Command
from spectralkit.cli.output import json_only
from spectralkit.errors import ConfigurationError, PluginError, SpectralkitError
from spectralkit.plugins.registry import Registry, registry
from spectralkit.plugins.text import one_line, reason

PROGRAM = "spectralkit"


class Parser(argparse.ArgumentParser):
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
        found = registry()
        chosen = next((word for word in arguments if not word.startswith("-")), None)
        parsed = build_parser(found, chosen).parse_args(arguments)
        with json_only() if getattr(parsed, "json", False) is True else nullcontext():
            return cast(Command, parsed.command).run(parsed)


def _warn(message: Warning | str, category: type[Warning], *where: object, **wherever: object) -> None:
    """A warning as one line: what is doubtful, not in which line of whose code it was noticed."""
    print(f"{PROGRAM}: warning: {one_line(message)}", file=sys.stderr)


def build_parser(found: Registry, chosen: str | None) -> Parser:
    """The program's parser: every command with its summary, only ``chosen`` imported and given its arguments.

    Raises:
        UnknownNameError: If there is no such command.
        PluginError: If the command cannot be loaded.
    """
    parser = Parser(prog=PROGRAM, description="Diffusion inversion and spectral evaluation.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version(PROGRAM)}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    summaries = {registered.spec.name: registered.spec.summary for registered in found.all("command")}
    for name, summary in summaries.items():
        commands.add_parser(name, help=_escaped(summary))
    if chosen is not None:
        registered = found.resolve("command", chosen)
        command = found.load(registered)
        if not isinstance(command, Command):
            raise PluginError(
                f"{registered.label} of {registered.distribution}: {registered.spec.target} is no Command"
            )
        chosen_parser = commands.choices[registered.spec.name]
        chosen_parser.description = _escaped(registered.spec.summary)
        command.configure(chosen_parser)
        chosen_parser.set_defaults(command=command)
    return parser


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
