"""Did a method's latents collapse? Read off their energy and, where it was scored, S_DC.

White noise has energy 1 and almost no smooth patch. The rule, told in the report beside its outcome:

    white       energy within 10 % of 1, and at least 90 % of the patches rough
    collapsed   less than half of the energy, or less than half of the patches rough
    inflated    more than twice the energy
    partly      in between
    drawn       a method that draws its latent: it is noise by construction and says nothing

Outcomes are told by a word and a sign, not by colour alone.
"""

from __future__ import annotations

import math

import attrs

from spectralkit.errors import SpectralkitError
from spectralkit.plugins.specs import MethodSpec
from spectralkit_bench.finished import Finished
from spectralkit_bench.tables.result import methods_of

RULE = (
    "White noise has energy 1 and almost no smooth patch. A latent is called white where its energy is within 10 % of "
    "1 and 90 % of its patches are rough, collapsed where it has less than half of the energy or less than half of its "
    "patches are rough, inflated above twice the energy."
)


@attrs.frozen
class Verdict:
    """What became of a run's latents.

    Args:
        kind: ``white``, ``partly``, ``collapsed``, ``inflated``, ``drawn`` or ``unknown``.
        word: For a reader.
        reason: The numbers, in a sentence.
    """

    kind: str
    word: str
    reason: str


def verdict(run: Finished) -> Verdict:
    """The verdict on a run."""
    energy, rough = mean(run, "energy"), run.scores.get("s-dc", math.nan)
    if _drawn(run.config.method):
        return Verdict(
            "drawn", "Drawn", "This method draws its latent as noise, so the latent's scores say nothing of it."
        )
    if not math.isfinite(energy):
        return Verdict("unknown", "Unknown", "The run has no energy of its latents.")
    told = f"Its latents have {share(energy)} of the energy of white noise"
    told += f", and {share(1 - rough)} of their patches are too smooth." if math.isfinite(rough) else "."
    if energy < 0.5 or rough < 0.5:
        return Verdict("collapsed", "Collapsed", told)
    if energy > 2:
        return Verdict("inflated", "Inflated", told)
    if abs(energy - 1) <= 0.1 and not rough < 0.9:
        return Verdict("white", "Not collapsed", told)
    return Verdict("partly", "Partly collapsed" if energy < 1 or rough < 0.9 else "Partly inflated", told)


def mean(run: Finished, column: str) -> float:
    """Of a column of the samples' table; NaN without values."""
    values = [value for value in run.values(column).values() if math.isfinite(value)]
    return sum(values) / len(values) if values else math.nan


def share(value: float) -> str:
    """A share in per cent; what is small but not zero is not told as zero."""
    percent = 100 * value
    return f"{percent:.0f} %" if percent >= 1 or percent <= 0 else f"{percent:.1g} %"


def specs(method: str) -> tuple[MethodSpec, ...]:
    """The specs of a method expression; none unless all are installed."""
    try:
        return methods_of(method)
    except SpectralkitError:
        return ()


def _drawn(method: str) -> bool:
    return any(not spec.inverts for spec in specs(method))
