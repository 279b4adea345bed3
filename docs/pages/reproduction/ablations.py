"""Claims about models and data: backbone, space, scale, prediction target."""

from __future__ import annotations

from collections.abc import Iterator

from pages.reproduction.claim import Check, Claim, Judge, Subject
from pages.reproduction.judges import OURS, above, bounded
from pages.reproduction.methods import FEW, MOST
from pages.reproduction.results import UNIT, AbsentError, Results
from pages.reproduction.roles import IMAGE
from pages.reproduction.rules import Finding, Verdict, at_least, at_most, exceeds, falling, share
from pages.reproduction.settings import MAIN, SCALES


def same_on(subject: Subject, bound: float, papers: tuple[str, str, str], likely: str) -> tuple[Check, ...]:
    """Both models collapse, and OVG repairs both."""
    first, second, third = papers
    return (
        Check(
            "both collapse: S_DC of standard inversion",
            first,
            f"at most {bound} on both",
            bounded(at_most, MAIN, "standard", "s-dc", bound),
            likely,
            (subject,),
        ),
        Check(
            "OVG restores both latents: S_DC",
            second,
            "at least 0.95 on both",
            bounded(at_least, MAIN, OURS, "s-dc", 0.95),
            "",
            (subject,),
        ),
        Check(
            "detail returns on both: S_HF on [0, 1]",
            third,
            "above standard's on both",
            above((OURS, "standard"), UNIT, MAIN),
            likely,
            (subject,),
        ),
    )


BACKBONE = Claim(
    "U-Net and DiT collapse alike (Table 3)",
    same_on(
        ("ddim-latent", "dit-latent"),
        0.89,
        ("0.69 and 0.88", "0.98 and 0.98", "0.96 against 0.83, 0.97 against 0.88"),
        "a network that is trained longer collapses less",
    ),
    (("standard", OURS), MAIN),
)

SPACE = Claim(
    "Latents and pixels collapse alike (Table 4)",
    same_on(
        ("ddim-latent", "ddim"),
        0.75,
        ("0.69 and 0.07", "0.98 and 0.87", "0.96 against 0.83; in pixels 0.87 against 0.97"),
        "block edges survive on pixels and count as detail; the paper's pixel row has it so too",
    ),
    (("standard", OURS), MAIN),
    "In pixels the paper's own OVG row equals its TABA row, and its standard row has S_HF 0.97 at S_DC 0.07.",
)


def over_scales(method: str, name: str) -> Judge:
    """A score falls as the source gets sparser."""
    return lambda results, role: falling([results.cell(role, scale, method).mean(name) for scale in SCALES])


def least_distorted(results: Results, role: str) -> Finding:
    """Standard inversion's PSNR is above the others' at the largest scale."""
    standard, *others = (results.cell(role, SCALES[-1], method).mean("psnr") for method in ("standard", "taba", OURS))
    return exceeds(standard, max(others))


SCALE = Claim(
    "The sparser the source, the deeper the collapse (Table 5)",
    (
        Check(
            "standard latents get smoother: S_DC at x4, x8, x16",
            "0.97, 0.69, 0.88 at x8, x16, x32",
            "each below the one before",
            over_scales("standard", "s-dc"),
            "the paper's figures do not fall throughout either: blocks of few pixels have strong edges of their own",
        ),
        Check(
            "OVG restores detail at every scale: S_HF on [0, 1]",
            "0.96, 0.96, 0.97 against 0.93, 0.83, 0.90",
            "above standard's at x4, x8 and x16",
            above((OURS, "standard"), UNIT, *SCALES),
            "block edges that standard inversion keeps count as detail",
        ),
        Check(
            "at the largest scale standard has the best PSNR",
            "14.58 against 14.20 (TABA) and 13.91",
            "above TABA's and OVG's at x16",
            least_distorted,
            "kept block edges cost more PSNR than blur would gain",
        ),
    ),
    (("standard", "taba", OURS), SCALES[-1]),
)


def improved(name: str, *, higher_is_better: bool = True, most: bool = True) -> Judge:
    """In how many (setting, method, seed) units is the second model's score better than the first's?"""

    def units(results: Results, eps: str, image: str) -> Iterator[tuple[float, float]]:
        for setting in results.settings:
            for method in IMAGE:
                try:
                    pair = [results.cell(role, setting, method) for role in (image, eps)]
                except AbsentError:
                    continue
                yield from pair[0].beside(pair[1], name)

    def judge(results: Results, eps: str, image: str) -> Finding:
        for role in (eps, image):
            results.settings_of(role, "standard")
        return share(units(results, eps, image), higher_is_better=higher_is_better, most=most)

    return judge


def without_noise(results: Results, eps: str, image: str, quiet: str) -> Finding:
    """Without its entry noise EDM keeps more than half of what it gains in S_DC over noise prediction."""
    low, high, left = (results.cell(role, MAIN, "standard").mean("s-dc") for role in (eps, image, quiet))
    told = f"{low:.3f} (VP), {high:.3f} (EDM), {left:.3f} (EDM without)"
    why = "EDM gains nothing here" if high <= low else ""
    return Finding(Verdict.of(high > low and left - low > (high - low) / 2), told, why)


ALONE = (("ddim-level", "ddim-x0"),)
FRAMEWORKS = (("ddim-latent", "edm-latent"), ("ddim", "edm-pixel"))
PAIRS = ALONE + FRAMEWORKS
TARGET = Claim(
    "Image prediction against noise prediction (Table 6)",
    (
        Check(
            "it cures the collapse: S_DC",
            "improved in 89.7 %",
            MOST,
            improved("s-dc"),
            "an exact score is the same whatever is predicted: what differs is how each network errs",
            PAIRS,
        ),
        Check(
            "detail returns: S_HF",
            "improved in 96.6 %",
            MOST,
            improved("s-hf"),
            "the noise-prediction model keeps block edges, which count as detail",
            PAIRS,
        ),
        Check(
            "structure drifts: S_LF",
            "the text says 17 to 35 % improve, Table 6 says 72.4 %",
            FEW,
            improved("s-lf", most=False),
            "the paper's table contradicts its text, and has it so too",
            PAIRS,
        ),
        Check(
            "the distance to real images does not improve: kd-lite0",
            "FID improved in 34.5 %",
            FEW,
            improved("kd-lite0", higher_is_better=False, most=False),
            "one model may simply be the better one: weights, schedule and training differ",
            PAIRS,
        ),
        Check(
            "EDM's gain in S_DC is the prediction's, not its entry noise's",
            "not separated",
            "standard inversion without entry noise keeps more than half of EDM's gain over VP",
            without_noise,
            "the noise of sigma_min, amplified on the way up, is what whitens EDM's latents",
            (("ddim-latent", "edm-latent", "edm-latent-quiet"), ("ddim", "edm-pixel", "edm-pixel-quiet")),
        ),
    ),
    (("standard", "taba", "ovg"), MAIN),
    "Velocity prediction is noise prediction behind an exact skip: near the clean end, where sources enter, they are "
    "one. `ddim-level` and `ddim-x0` differ in the prediction alone: one schedule, no entry noise, one end. EDM "
    "differs in schedule, preconditioning and the noise of sigma_min too. Units are settings x {standard, taba, ovg} x "
    "seeds.",
)
