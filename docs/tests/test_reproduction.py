"""The reproduction's verdicts follow their rules, its intervals their closed case, and its page what lies on disk."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import attrs
import generate
import pytest
import torch
from pages.markdown import marked
from pages.reproduction import measures, rules, scene
from pages.reproduction.claim import Check
from pages.reproduction.distances import DISTANCES, Interval, resamples
from pages.reproduction.page import CLAIMS
from pages.reproduction.plan import Plan
from pages.reproduction.results import AbsentError, Cell, Results, Study
from pages.reproduction.roles import ROLES, Filled
from pages.reproduction.rules import Finding, Verdict
from pages.reproduction.scene import RECONSTRUCTIONS, Scene
from pages.reproduction.settings import SETTINGS
from torch import Tensor

from spectralkit.api import load_model
from spectralkit.cli.main import main as spectralkit
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.noise import Noise
from spectralkit.running.config import RunConfig
from spectralkit.running.picture import write_image
from spectralkit_bench.executors import work
from spectralkit_datasets_ihc import Ihc
from spectralkit_metrics_perceptual.frechet import Sums, frechet_distance
from spectralkit_metrics_perceptual.kernel import kernel_distance

HOLDS, FAILS = Verdict.HOLDS, Verdict.FAILS
BETTER, EVEN, WORSE = [(2.0, 1.0)] * 3, [(1.0, 1.0)] * 3, [(1.0, 2.0)] * 3
SAMPLES = 3
RISING = [(0.0, 0.1), (1.0, 0.9), (2.0, 2.2), (3.0, 2.9), (4.0, 4.1)]


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (rules.at_least(0.95, 0.95), HOLDS),
        (rules.at_least(0.949, 0.95), FAILS),
        (rules.at_most(0.75, 0.75), HOLDS),
        (rules.at_most(0.751, 0.75), FAILS),
        (rules.exceeds(0.95, 0.85, 0.10), HOLDS),
        (rules.exceeds(0.949, 0.85, 0.10), FAILS),
        (rules.exceeds(0.845, 0.85, -0.005), HOLDS),
        (rules.exceeds(0.844, 0.85, -0.005), FAILS),
        (rules.exceeds(0.6, 0.5), HOLDS),
        (rules.exceeds(0.5, 0.5), FAILS),
        (rules.below(Interval(-0.2, -0.3, -0.1), 4), HOLDS),
        (rules.below(Interval(-0.2, -0.5, 0.1), 4), FAILS),
        (rules.share(BETTER + WORSE[:2], higher_is_better=True, most=True), HOLDS),
        (rules.share(BETTER + WORSE, higher_is_better=True, most=True), FAILS),
        (rules.share(BETTER + EVEN, higher_is_better=True, most=True), FAILS),
        (rules.share(WORSE, higher_is_better=False, most=True), HOLDS),
        (rules.share(BETTER[:2] + WORSE, higher_is_better=True, most=False), HOLDS),
        (rules.share(BETTER + WORSE, higher_is_better=True, most=False), FAILS),
        (rules.correlates(RISING, +1, 0.5), HOLDS),
        (rules.correlates(RISING, -1, 0.5), FAILS),
        (rules.correlates([(x, -y) for x, y in RISING], -1, 0.3), HOLDS),
        (rules.correlates([(0, 0), (1, 1), (2, 0), (3, 1), (4, 1)], +1, 0.5), FAILS),
        (rules.within([0.29, -0.3], 0.3), HOLDS),
        (rules.within([0.0, -0.31], 0.3), FAILS),
        (rules.outside(-0.31, 0.3), HOLDS),
        (rules.outside(0.3, 0.3), FAILS),
        (rules.falling([0.9, 0.7, 0.5]), HOLDS),
        (rules.falling([0.9, 0.7, 0.7]), FAILS),
        (rules.together([rules.at_least(1, 0), rules.at_least(2, 0)]), HOLDS),
        (rules.together([rules.at_least(1, 0), rules.at_least(-1, 0)]), FAILS),
    ],
)
def test_a_rule_can_say_either(finding, verdict):
    assert finding.verdict is verdict
    assert finding.told


def test_what_explains_a_failure_is_told():
    assert rules.share(BETTER + EVEN, higher_is_better=True, most=True).why.startswith("3 of the 6 are ties")
    assert "reaches 0" in rules.below(Interval(-0.2, -0.5, 0.1), 4).why
    assert "holds 0" in rules.correlates([(0, 0), (1, 1), (2, 0), (3, 1), (4, 1)], +1, 0.5).why


@pytest.mark.parametrize("points", [RISING[:3], [(x, 1.0) for x, _ in RISING]])
def test_a_correlation_of_too_little_is_absent(points):
    with pytest.raises(AbsentError, match="needs"):
        rules.correlates(points, 1, 0.5)


def features(count: int, seed: int) -> Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + seed


def test_weights_of_one_give_the_registered_distances():
    x, y = features(5, 0), features(7, 1)
    ones = torch.ones(1, 5)
    assert DISTANCES["kd-lite0"](x, y, ones).item() == pytest.approx(kernel_distance(x, y).item())
    frechet = frechet_distance(*Sums.of(y).moments(), *Sums.of(x).moments())
    assert DISTANCES["fd-lite0"](x, y, ones).item() == pytest.approx(frechet.item())


def test_a_resample_is_the_set_that_it_names():
    x, y = features(4, 0), features(6, 1)
    weights = torch.tensor([[2, 1, 0, 1]])
    drawn = x[[0, 0, 1, 3]]
    mean, covariance = Sums.of(drawn).moments()
    biased = frechet_distance(*Sums.of(y).moments(), mean, covariance)
    assert DISTANCES["fd-lite0"](x, y, weights).item() == pytest.approx(biased.item())
    k = (x @ x.T / 6 + 1) ** 3
    pairs = [(0, 1), (0, 1), (0, 3), (0, 3), (1, 3)]  # of different images
    within = sum(k[i, j] for i, j in pairs) / len(pairs)
    real = kernel_distance(y, y) + 2 * ((y @ y.T / 6 + 1) ** 3).mean()  # twice the mean over pairs
    expected = within + real / 2 - 2 * ((drawn @ y.T / 6 + 1) ** 3).mean()
    assert DISTANCES["kd-lite0"](x, y, weights).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_bootstrap_samples_the_law_that_can_be_written_down(distance):
    # Of four images there are 256 resamples, all equally likely: their quantiles are exact.
    first, second, real = features(4, 0), features(4, 2), features(6, 1)
    every = torch.stack([torch.bincount(torch.tensor(t), minlength=4) for t in itertools.product(range(4), repeat=4)])
    every = every[(every > 0).sum(1) > 1]

    def difference(weights: Tensor) -> Tensor:
        return DISTANCES[distance](first, real, weights) - DISTANCES[distance](second, real, weights)

    exact, drawn = difference(every), difference(resamples(4, 20_000))
    interval = Interval.of(0.0, drawn)
    for bound, level in ((interval.low, 0.025), (interval.high, 0.975)):
        # The share of the law below the drawn quantile, within five standard errors and the mass of its atoms.
        below, upto = ((exact < bound - 1e-9).double().mean(), (exact <= bound + 1e-9).double().mean())
        assert below - 0.006 <= level <= upto + 0.006


def test_resamples_are_the_same_for_every_method():
    assert torch.equal(resamples(8), resamples(8))
    assert (resamples(8).sum(1) == 8).all()
    assert ((resamples(2) > 0).sum(1) == 2).all()


def test_octaves_share_the_rings():
    bounds = measures.octaves(64)
    assert [ring for low, high in bounds for ring in range(low, high + 1)] == list(range(1, 33))
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    moved = measures.octave_power(0.5 * image) - measures.octave_power(image)
    assert torch.allclose(moved, torch.full_like(moved, 2 * torch.tensor(0.5).log().item()))


def test_every_check_tells_what_it_claims_and_names_roles():
    for claim in CLAIMS:
        assert set(claim.shows[0]) <= {method for role in ROLES.values() for method in role.methods}
        assert claim.shows[1] in SETTINGS
        for check in claim.checks:
            assert check.told
            assert check.paper
            assert check.rule
            assert {role for subject in check.subjects for role in subject} <= set(ROLES)


def test_roles_are_read_and_checked():
    assert Filled.read("ddim-latent=some/where") == Filled("ddim-latent", "some/where")
    assert Filled.read("edm-pixel") == Filled("edm-pixel", "edm-pixel")
    assert Filled("edm-pixel", "edm-pixel").otherwise() == (Filled("edm-pixel-quiet", "edm-pixel"),)
    for text in ("unheard", "edm-pixel-quiet", "ddim-level"):
        with pytest.raises(ConfigurationError, match="roles are ddim-latent"):
            Filled.read(text)


def test_the_quiet_model_adds_no_noise():
    (filled,) = Filled("edm-pixel", "edm-pixel").otherwise()
    quiet = load_model(filled.source, **filled.settings["model"])
    assert load_model("edm-pixel").schedule.entry_noise > 0
    assert quiet.schedule.entry_noise == 0
    assert quiet.schedule.levels(4) == load_model("edm-pixel").schedule.levels(4)
    with pytest.raises(ConfigurationError, match="no parameter 'start_noise'"):
        load_model("gaussian", dataset=SETTINGS["x8"].dataset(), **filled.settings["model"])


@pytest.mark.parametrize(
    ("role", "other", "settings"),
    [("edm-pixel", "edm-pixel-quiet", {"start_noise": 0.0}), ("ddim", "ddim-level", {"final": "level"})],
)
def test_a_model_that_is_run_otherwise_is_a_cell_of_its_own(role, other, settings):
    plan = Plan(models=(Filled(role, role), *Filled(role, role).otherwise()), settings=(SETTINGS["x8"],))
    played = {point.labels["model"]: point.configs[0].settings for point in plan.grid().points}
    assert played == {role: {}, other: {"model": settings}}


def test_noise_and_image_prediction_end_alike():
    (level,) = Filled("ddim", "ddim").otherwise()
    schedules = [load_model("ddim", **level.settings["model"]).schedule, load_model("ddim-x0").schedule]
    assert schedules[0].levels(50) == schedules[1].levels(50)
    assert load_model("ddim").schedule.levels(50)[0].sigma == 0


def test_scores_are_paired_by_seed_and_what_draws_nothing_stands_for_all_seeds():
    def cell(random: bool, **scores: float) -> Cell:
        seeds, values = tuple(int(seed[1:]) for seed in scores), tuple(scores.values())
        return Cell(seeds=seeds, scores={"psnr": values}, random=random, off=(), less={})

    drawn = cell(True, s1=1.0, s2=2.0)
    assert list(drawn.beside(cell(False, s1=5.0), "psnr")) == [(1.0, 5.0), (2.0, 5.0)]
    assert list(drawn.beside(cell(True, s2=5.0), "psnr")) == [(2.0, 5.0)], "a seed that is missing pairs with none"


@attrs.frozen
class Darkening:
    """A codec that loses half of the light."""

    def encode(self, images: Tensor, noise: Noise) -> Tensor:
        return images

    def decode(self, x: Tensor) -> Tensor:
        return 0.5 * x

    def to(self, device: torch.device | None = None) -> Darkening:
        return self


def test_yardsticks_of_a_latent_model_hold_what_its_autoencoder_makes(monkeypatch):
    monkeypatch.setattr(scene, "features_of", lambda images: images.mean((2, 3)))
    monkeypatch.setattr(measures, "features_of", lambda images: images.mean((2, 3)))
    made = Scene(SETTINGS["edges"], SAMPLES)
    pixel = load_model("gaussian", dataset=made.dataset)
    latent = attrs.evolve(pixel, codec=Darkening())
    plain, coded = (list(made.yardsticks(model)) for model in (pixel, latent))
    assert [y.told for y in coded] == [*(y.told for y in plain[:2]), RECONSTRUCTIONS, "sources"]
    real, dark = coded[1].measures, coded[2].measures
    assert torch.allclose(dark.features, 0.5 * real.features)
    assert plain[1].scores["psnr"] == float("inf")
    assert "psnr" not in plain[0].scores, "other crops are compared with no reference"
    assert torch.allclose(made.power, real.power.mean(0))


# The page, from made-up runs

COLLAPSED = {"s-g": 0.0, "s-dc": 0.3, "s-hf": 0.8, "s-lf": 0.9, "psnr": 20.0, "kd-lite0": 0.5, "fd-lite0": 9.0}
RESTORED = {"s-g": 0.8, "s-dc": 0.98, "s-hf": 0.97, "s-lf": 0.89, "psnr": 18.0, "kd-lite0": 0.1, "fd-lite0": 5.0}


@attrs.define
class Fake:
    """Writes what a run would leave, from made-up scores; standard's images are smooth, the others' real."""

    scores: dict[str, dict[str, float]]
    runs: list[RunConfig] = attrs.field(factory=list)

    def __call__(self, out: Path, config: RunConfig, **options: object) -> None:
        self.runs.append(config)
        (out / "samples").mkdir(parents=True)
        dataset = SETTINGS[f"x{config.scale}"].dataset()
        for i in range(SAMPLES):
            sample = dataset[i]
            assert sample.reference is not None
            smooth = torch.nn.functional.avg_pool2d(sample.reference, 9, stride=1, padding=4, count_include_pad=False)
            image = smooth if config.method == "standard" else sample.reference
            write_image(image, out / "samples" / f"{sample.id}.png")
        document = {
            "scores": self.scores.get(config.method, RESTORED),
            "details": {"s-g": {"mean(r)/d": 0.5}},
            "seconds": 1.0,
        }
        (out / "metrics.json").write_text(json.dumps(document))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, Fake]]:
    """Make the page in an own folder; features are colours and contrasts."""

    def few(images: Tensor) -> Tensor:
        return torch.cat([images.mean((2, 3)), images.diff(dim=-1).abs().mean((2, 3))], 1).double()

    monkeypatch.setattr(measures, "features_of", few)
    monkeypatch.setattr(scene, "features_of", few)
    scene.real_features.cache_clear()
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{marked('reproduction', 'old')}\n\nEnd.\n")

    def make(*words: str, instead: Callable[..., None] | None = None, **changed: dict[str, float]) -> tuple[str, Fake]:
        fake = Fake({"standard": COLLAPSED, **changed})
        monkeypatch.setattr(work, "run_into", instead or fake)
        small = ["--settings", "x8", "--samples", str(SAMPLES), "--steps", "2", "--store", str(tmp_path / "runs")]
        assert generate.main(["reproduction", "--page", str(page), *small, *words]) == 0
        return page.read_text(), fake

    yield make
    scene.real_features.cache_clear()


PLAYED = ("--models", "ddim=gaussian")


def row(page: str, claimed: str) -> str:
    return next(line for line in page.splitlines() if line.startswith(f"| {claimed}"))


def test_the_page_is_made_from_runs(world):
    page, fake = world(*PLAYED)
    assert page.startswith("# Title\n\n<!-- begin generated: reproduction -->\n\n- `ihc`, 3 held-out samples")
    assert page.endswith("<!-- end generated: reproduction -->\n\nEnd.\n")
    methods = [config.method for config in fake.runs]
    assert {method: methods.count(method) for method in methods} == {
        "standard": 1,
        "renoise": 3,
        "taba": 3,
        "ovg": 1,
        "ovg+taba": 3,
    }, "a deterministic method is run once, a random one once a seed"
    assert "`ddim`: **holds**, 0.300" in row(page, "standard latents are correlated")
    assert "`ddim`: **holds**, 6 of 6 (100.0%)" in row(page, "latents decorrelate")
    assert "`ddim`: **holds**" in row(page, "kd-lite0 of ovg+taba below standard's")
    assert "**holds**" in row(page, "ovg+taba has the spectrum of real crops")
    assert "**holds**" in row(page, "standard inversion has not, in the finest octave")
    assert row(page, "both collapse").endswith("| not tested |")
    assert "Not tested: needs model `ddim-latent` and `dit-latent`." in page
    assert "needs the runs of `standard` on `ddim`, x16" in page
    assert "`spectralkit run --model gaussian --method standard --scale 8" in page
    assert "reproduction --models ddim=gaussian --settings x8 --samples 3 --steps 2 --seeds 42 17 48`" in page


def test_other_figures_give_other_verdicts(world):
    page, _ = world(*PLAYED, standard=RESTORED)
    assert "`ddim`: **fails**, 0.980" in row(page, "standard latents are correlated")
    assert "- standard latents are correlated: S_DC, `ddim`: the source is not smooth enough" in page
    assert "0 of 6 (0.0%)" in row(page, "latents decorrelate")
    assert "6 of the 6 are ties" in page


def test_a_finished_page_is_made_again_without_a_run(world, monkeypatch):
    first, _ = world(*PLAYED)

    def unexpected(*arguments: object) -> None:
        raise AssertionError("what was measured is kept")

    monkeypatch.setattr(measures, "read_image", unexpected)
    for words in ((), ("--only-page",)):
        again, fake = world(*PLAYED, *words)
        assert again == first
        assert not fake.runs


def test_only_the_page_runs_nothing_and_says_what_is_missing(world):
    world(*PLAYED, "--steps", "3")
    page, fake = world(*PLAYED, "--only-page")
    assert not fake.runs
    assert "**holds**" not in page, "numbers of other steps are others"
    assert "**fails**" not in page
    assert "needs model `ddim`" in page


def test_numbers_that_are_damaged_are_told(world, tmp_path, capsys):
    world(*PLAYED)
    numbers, page = tmp_path / "page.json", (tmp_path / "page.md").read_text()
    for damage in ("[]", "{", numbers.read_text().replace('"cells"', '"sells"')):
        numbers.write_text(damage)
        capsys.readouterr()
        assert generate.main(["reproduction", "--only-page", "--page", str(tmp_path / "page.md")]) == 2
        assert f"{numbers} holds no numbers of a reproduction" in capsys.readouterr().err
    assert (tmp_path / "page.md").read_text() == page


def test_a_refused_run_is_told(world, monkeypatch):
    def check_fits(model: object, dataset: Ihc) -> None:
        if dataset.scale == 16:
            raise ConfigurationError("it does not fit")

    monkeypatch.setattr("spectralkit.models.model.Model.check_fits", check_fits)
    page, fake = world(*PLAYED, "--settings", "x8", "x16")
    assert "`standard` on `ddim`, x16, is refused: it does not fit" in page
    assert {config.scale for config in fake.runs} == {8}


def test_a_run_that_fails_is_told_and_tried_again(world, monkeypatch):
    def fails(*arguments: object, **options: object) -> None:
        raise ConfigurationError("out of luck")

    whole, _ = world(*PLAYED)
    page, _ = world(*PLAYED, "--steps", "3", instead=fails)
    assert "`ovg` on `ddim`, x8, is refused: out of luck" in page
    again, fake = world(*PLAYED, "--steps", "3")
    assert len(fake.runs) == 11
    assert again.replace("--steps 3", "--steps 2").replace("3 steps", "2 steps") == whole


def test_the_bench_tells_of_the_runs(world, tmp_path, capsys):
    world(*PLAYED)
    capsys.readouterr()
    assert spectralkit(["bench", "ls", "--store", str(tmp_path / "runs"), "--json"]) == 0
    cells = json.loads(capsys.readouterr().out)
    assert cells


def test_a_slip_is_told_in_one_line(tmp_path, capsys):
    for words, told in (
        (["--models", "unheard"], "no claim speaks of a model 'unheard'"),
        (["--models", "ddim", "ddim=gaussian"], "played twice"),
        (["--models", "ddim", "--samples", "1"], "needs 2 samples"),
        (["--models", "ddim=./nowhere"], "no checkpoint at ./nowhere"),
        (["--models", "ddim=gaussian", "--workers", "0"], "--workers must be at least 1"),
    ):
        paths = ["--page", str(tmp_path / "page.md"), "--store", str(tmp_path / "runs")]
        assert generate.main(["reproduction", *paths, *words]) == 2
        assert told in capsys.readouterr().err
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("role", "told"), [("ddim", "needs rain"), ("ddim-latent", "needs model `ddim-latent`")])
def test_a_check_without_its_figure_is_not_tested(role, told):
    def judge(*arguments: object) -> Finding:
        raise AbsentError("needs rain")

    check = Check("told", "paper", "rule", judge, subjects=((role,),))
    study = Study(
        **{"role": "ddim", "source": "ddim", "setting": "x8", "key": "", "told": "", "caption": ""},
        **{"yardsticks": (), "cells": {}, "refusals": {}},
    )
    results = Results(samples=2, steps=2, seeds=(42,), studies=(study,))
    assert check.findings(results) == {(role,): Finding(Verdict.UNTESTED, told)}
