"""The contract of a subcommand: what the target of a :class:`spectralkit.plugins.specs.CommandSpec` is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

import attrs


@attrs.frozen
class Command:
    """A subcommand of ``spectralkit``; its module is imported only when it is chosen.

    Args:
        configure: Adds the command's arguments to its parser. An argument stored as ``json`` is taken as the promise
            that stdout holds one JSON document: see :mod:`spectralkit.cli.output`.
        run: Does the work and returns the exit code. A :class:`spectralkit.errors.SpectralkitError` it raises is
            printed as one line, exit code 2.
    """

    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
