"""The rows of the comparison: methods with the guidance that they are sampled at."""

from __future__ import annotations

import attrs

from pages.markdown import code
from pages.methods import names
from spectralkit.api import load_method
from spectralkit.errors import ConfigurationError

WEIGHT = 3.0
GUIDED = ("standard", "null-class", "negative-prompt", "direct")
"""Methods that are about guidance, which get a second row at :data:`WEIGHT`; standard inversion is what they change."""

COMPOSED = (
    "ovg+taba",
    "heun+taba",
    "renoise+taba",
    "ovg+heun",
    "sdedit+ancestral",
    "renoise(correction='nudge', eta=0.1)+ancestral(eta=0.1)",
)


@attrs.frozen
class Row:
    """A method expression with the guidance it is sampled at."""

    method: str
    guidance: float = 1.0

    @classmethod
    def read(cls, text: str) -> Row:
        """``ovg+taba`` or, with a guidance, ``null-class@3``.

        Raises:
            SpectralkitError: If the guidance is no number, or the method cannot be built.
        """
        method, at, weight = text.partition("@")
        load_method(method)
        try:
            return cls(method, float(weight)) if at else cls(method)
        except ValueError:
            raise ConfigurationError(f"malformed row {text!r}: write METHOD or METHOD@GUIDANCE") from None

    @property
    def told(self) -> str:
        """As the table names it."""
        return code(self.method) + (f", guidance {self.guidance:g}" if self.guidance != 1 else "")


def default_rows() -> tuple[Row, ...]:
    """Every method, those about guidance once more with it, and six compositions."""
    return (*map(Row, names()), *(Row(name, WEIGHT) for name in GUIDED), *map(Row, COMPOSED))
