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
from collections.abc import Sequence

import attrs

from spectralkit.errors import SpectralkitError
from spectralkit.inversion.expression import methods_of
from spectralkit.plugins.specs import MethodSpec
from spectralkit_bench.finished import Finished
from spectralkit_bench.report.numbers import Over, share

RULE = (
    "White noise has energy 1 and almost no smooth patch. A latent is called white where its energy is within 10 % of "
    "1 and 90 % of its patches are rough, collapsed where it has less than half of the energy or less than half of its "
    "patches are rough, inflated above twice the energy."
)


@attrs.frozen
class Verdict:
    """What became of a method's latents.

    Args:
        kind: ``white``, ``partly``, ``collapsed``, ``inflated``, ``drawn`` or ``unknown``.
        word: For a reader.
        reason: The numbers, in a sentence.
    """

    kind: str
    word: str
    reason: str


def verdict(runs: Sequence[Finished]) -> Verdict:
    """The verdict on a method, from all of its runs."""
    energy = Over.of(mean(run, "energy") for run in runs)
    rough = Over.of(run.scores.get("s-dc", math.nan) for run in runs)
    if _drawn(runs[0].config.method):
        return Verdict(
            "drawn", "Drawn", "This method draws its latent as noise, so the latent's scores say nothing of it."
        )
    if not math.isfinite(energy.mean):
        return Verdict("unknown", "Unknown", "The run has no energy of its latents.")
    told = f"Its latents have {share(energy)} of the energy of white noise"
    smooth = Over(1 - rough.mean, rough.sd)
    told += f", and {share(smooth)} of their patches are too smooth." if math.isfinite(rough.mean) else "."
    return Verdict(*_judged(energy.mean, rough.mean), told)


def _judged(energy: float, rough: float) -> tuple[str, str]:
    """Kind and word."""
    if energy < 0.5 or rough < 0.5:
        return "collapsed", "Collapsed"
    if energy > 2:
        return "inflated", "Inflated"
    if abs(energy - 1) <= 0.1 and not rough < 0.9:
        return "white", "Not collapsed"
    return "partly", "Partly collapsed" if energy < 1 or rough < 0.9 else "Partly inflated"


def mean(run: Finished, column: str) -> float:
    """Of a column of the samples' table; NaN without values."""
    values = [value for value in run.values(column).values() if math.isfinite(value)]
    return sum(values) / len(values) if values else math.nan


def specs(method: str) -> tuple[MethodSpec, ...]:
    """The specs of a method expression; none unless all are installed."""
    try:
        return methods_of(method)
    except SpectralkitError:
        return ()


def _drawn(method: str) -> bool:
    return any(not spec.inverts for spec in specs(method))
