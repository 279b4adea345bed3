"""The option ``--seeds``."""

from __future__ import annotations

from argparse import ArgumentParser, _ArgumentGroup

from spectralkit.errors import ConfigurationError
from spectralkit_bench.grid.block import SEEDS

USUAL = ",".join(map(str, SEEDS))


def add_seeds(parser: ArgumentParser | _ArgumentGroup, default: str = USUAL) -> None:
    """Seeds, and what they are by default."""
    parser.add_argument("--seeds", metavar="N,N", help=f"seeds of all noise (default: {default})")


def seeds(text: str | None) -> tuple[int, ...] | None:
    """The seeds of ``--seeds 42,17``; None where it was not given.

    Raises:
        ConfigurationError: If there is none, or one is no whole number.
    """
    if text is None:
        return None
    try:
        found = tuple(dict.fromkeys(int(piece) for piece in text.split(",") if piece.strip()))
    except ValueError:
        raise ConfigurationError(f"--seeds takes whole numbers like 42,17,48, got {text!r}") from None
    if not found:
        raise ConfigurationError(f"--seeds names none: {text!r}; write it like 42,17,48")
    return found
