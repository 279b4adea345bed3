"""The central claim: standard inversion collapses, and OVG restores detail without losing structure."""

from __future__ import annotations

from collections.abc import Iterator

from pages.reproduction.claim import Check, Claim, Judge
from pages.reproduction.distances import DIGITS
from pages.reproduction.judges import OURS, above, bounded
from pages.reproduction.results import UNIT, Results
from pages.reproduction.rules import Finding, at_least, at_most, below, outside, within

NATS = 0.3

WHY = {
    OURS: "standard inversion keeps sharp block edges instead of blurring, or its latents do not collapse",
    "ovg": "OVG sets how much energy a latent has, not how it is spread: its S_DC below says whether it became white",
}
"""Why a method may come no nearer to real images than standard inversion does."""


def nearer(setting: str, method: str, distance: str) -> Judge:
    """A method's distance to real images is below standard's, by a paired bootstrap."""

    def judge(results: Results, role: str) -> Finding:
        return below(results.difference(role, setting, method, distance), DIGITS[distance])

    return judge


def _distances(setting: str) -> Iterator[Check]:
    for method in (OURS, "ovg"):
        for distance in ("kd-lite0", "fd-lite0"):
            yield Check(
                f"{distance} of {method} below standard's",
                "FID 13.1 (ovg+taba), 18.6 (ovg) against 217",
                "the 95 % interval of the difference lies below 0",
                nearer(setting, method, distance),
                WHY[method],
            )


def central(setting: str) -> Claim:
    """The claim in one setting."""
    return Claim(
        f"The central claim, {setting}",
        (
            *_distances(setting),
            Check(
                "detail returns: S_HF on [0, 1] of ovg+taba",
                "0.96 against 0.83 on [0, 255]",
                "at least 0.10 above standard's",
                above((OURS, "standard"), UNIT, setting, margin=0.10),
                "S_HF counts the block edges that standard inversion keeps as fine detail, and what the decoder of a "
                "latent model draws into any latent; the yardsticks below say how far real crops are above standard's",
            ),
            Check(
                "structure is kept: S_LF of ovg+taba",
                "0.67 against 0.63",
                "at least TABA's less 0.005",
                above((OURS, "taba"), "s-lf", setting, margin=-0.005),
                "OVG moves the latents along the whole way, TABA only at its beginning",
            ),
            Check(
                "standard latents are correlated: S_DC",
                "0.69",
                "at most 0.75",
                bounded(at_most, setting, "standard", "s-dc", 0.75),
                "the source is not smooth enough for this model to fail",
            ),
            Check(
                "OVG's are not: S_DC of ovg+taba",
                "0.98",
                "at least 0.95",
                bounded(at_least, setting, OURS, "s-dc", 0.95),
                "the noise that TABA brings is too little where the inversion's own errors are large",
            ),
            Check(
                "ovg+taba has the spectrum of real crops",
                "Fig. 1",
                f"ln power within {NATS} nats of the references' in every octave, coarse to fine",
                lambda results, role: within(results.cell(role, setting, OURS).off, NATS),
                "the coarsest octave is what OVG's structure term leaves of TABA's, which `eta_lf=0.0` leaves alone; "
                "of the finer ones the model's own samples may lack some: no inversion adds what the model does not "
                "draw",
            ),
            Check(
                "standard inversion has not, in the finest octave",
                "Fig. 1",
                f"ln power off by more than {NATS} nats",
                lambda results, role: outside(results.cell(role, setting, "standard").off[-1], NATS),
                "block edges that are kept fill the finest octave",
            ),
        ),
        (("standard", "taba", "ovg", OURS), setting),
        "Differences are `ovg+taba` (or `ovg`) less `standard`, means over seeds; intervals resample the samples, the "
        "same for both methods, against the fixed real crops.",
    )
