"""What is compared: a method with the guidance it is sampled at, and its configuration."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.expression import parse
from spectralkit.plugins.text import brief
from spectralkit.running.config import RunConfig

OPENING, CLOSING, QUOTES = "([{", ")]}", "'\""


@attrs.frozen
class Entry:
    """A method expression, and its guidance where it is not that of the others."""

    method: str
    guidance: float | None = None

    @classmethod
    def read(cls, text: str) -> Entry:
        """``ovg+taba``, or with a guidance of its own ``null-class@3``.

        Raises:
            ConfigurationError: If the guidance is no number, or the method is malformed.
        """
        method, *weights = outer(text, "@")
        parse(method)
        try:
            return cls(method, float("@".join(weights)) if weights else None)
        except ValueError:
            raise ConfigurationError(f"malformed method {brief(text)}: write METHOD or METHOD@GUIDANCE") from None

    @property
    def told(self) -> str:
        """As it was written."""
        return self.method if self.guidance is None else f"{self.method}@{self.guidance:g}"

    @property
    def parts(self) -> frozenset[str]:
        """The methods it is composed of."""
        return frozenset(term.name for term in parse(self.method))

    def config(self, base: RunConfig, others: frozenset[str]) -> RunConfig:
        """``base`` with this method; settings of ``others`` that are no part of it are left out."""
        foreign = others - self.parts
        settings = {part: values for part, values in base.settings.items() if part not in foreign}
        guidance = base.guidance if self.guidance is None else self.guidance
        return attrs.evolve(base, method=self.method, guidance=guidance, settings=settings)


def entries(text: str) -> tuple[Entry, ...]:
    """The entries of ``--methods A,B``.

    Raises:
        ConfigurationError: If there is none, one is malformed, or one is there twice.
    """
    pieces = [piece.strip() for piece in outer(text, ",")]
    found = tuple(Entry.read(piece) for piece in pieces if piece)
    if not found:
        raise ConfigurationError(f"--methods names none: {text!r}; write it like 'standard,ovg+taba'")
    for entry in found:
        if found.count(entry) > 1:
            raise ConfigurationError(f"--methods names '{entry.told}' twice: leave one of them out")
    return found


def parts_of(found: Iterable[Entry]) -> frozenset[str]:
    """The methods that any of them is composed of."""
    return frozenset(part for entry in found for part in entry.parts)


def outer(text: str, separator: str) -> list[str]:
    """``text`` cut at the separators that stand in no brackets and no quotes: those inside belong to a method."""
    pieces, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in QUOTES:
            quote = letter
        depth += 0 if quote else (letter in OPENING) - (letter in CLOSING)
        if letter == separator and not quote and depth <= 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    return pieces


def check_methods(found: tuple[Entry, ...], base: RunConfig) -> None:
    """Refuse what no model could run, before anything is loaded.

    Raises:
        SpectralkitError: If a method is unknown, or a parameter of it wrong.
    """
    from spectralkit.inversion.method import build_method  # with torch behind it

    together = parts_of(found)
    for entry in found:
        build_method(entry.method, entry.config(base, together).settings)
