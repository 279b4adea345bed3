"""A range of numbers, by whole ones or without gaps, evenly or by orders of magnitude."""

from __future__ import annotations

import math
import re

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief

SUFFIX = ":log"

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_ALIKE = re.compile(rf"(?:{_NUMBER})?\.\.(?:{_NUMBER})?(?:{SUFFIX})?|{_NUMBER}\.\..*")
_RANGE = re.compile(rf"(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})(?P<log>{SUFFIX})?")


@attrs.frozen
class Span:
    """All numbers from one to another, both among them.

    Args:
        low: The smaller end.
        high: The larger end; where both are whole, so is everything between them.
        log: Whether every order of magnitude is as likely as another.
    """

    low: int | float
    high: int | float
    log: bool = False

    @classmethod
    def read(cls, text: str) -> Span | None:
        """``0.1..2``, ``10..50`` or ``1.0..1e4:log``; None where the text is no range at all.

        Raises:
            ConfigurationError: If it is malformed, empty or reversed, or the logarithm of an end is not finite.
        """
        if not _ALIKE.fullmatch(text):
            return None
        if (found := _RANGE.fullmatch(text)) is None:
            raise ConfigurationError(f"malformed range {brief(text)}: write LOW..HIGH, or LOW..HIGH{SUFFIX}")
        low, high = (_number(found[end]) for end in ("low", "high"))
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ConfigurationError(f"range {text} has an end that is too large for a number")
        if low == high:
            raise ConfigurationError(f"range {text} is empty: write the one value alone, or another end")
        if low > high:
            raise ConfigurationError(f"range {text} is reversed: write the smaller end first")
        if found["log"] and low <= 0:
            raise ConfigurationError(
                f"range {text} is logarithmic and not above 0: begin it at a small number, or leave {SUFFIX} away"
            )
        return cls(low, high, bool(found["log"]))


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)
