"""ReNoise: the implicit equation, its special cases, and a plain re-implementation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.denoiser import Denoiser
from spectralkit.diffusion.parameterization import EpsParameterization, VParameterization, X0Parameterization
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import KarrasSchedule, Level
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.parts import Encoded, Parts
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_renoise import renoise

seeds = st.integers(0, 2**16)


def images(seed: int, batch: int = 2) -> Tensor:
    return source_batch(random_gaussian(seed), 0, batch, seed)


def oracles(seed: int) -> list[Denoiser]:
    return [random_gaussian(seed), random_denoiser(seed)]


@given(
    seed=seeds,
    steps=st.integers(1, 6),
    parameterization=st.sampled_from([EpsParameterization(), VParameterization(), X0Parameterization()]),
)
@settings(max_examples=20, deadline=None)
def test_no_iteration_is_standard_inversion_with_the_next_label(
    seed: int, steps: int, parameterization: EpsParameterization
) -> None:
    x0 = images(seed)
    for denoiser in (random_gaussian(seed), random_denoiser(seed, parameterization)):
        standard = translate(Parts(), context_for(denoiser, x0, steps, label="next"))
        result = translate(renoise(iterations=0), context_for(denoiser, x0, steps))
        torch.testing.assert_close(result.inversion.latent, standard.inversion.latent, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(result.x, standard.x, rtol=1e-12, atol=1e-12)
        assert result.meter.cost == standard.meter.cost


CASES = st.fixed_dictionaries(
    {
        "steps": st.integers(1, 3),
        "inversion_guidance": st.sampled_from([0.0, 1.0, 2.0]),
        "label": st.sampled_from(["current", "next"]),
    }
)


@given(
    seed=seeds,
    case=CASES,
    iterations=st.sampled_from([1, 2, 6, 9]),
    means=st.fixed_dictionaries(
        {
            "averaging": st.sampled_from(["reference", "always", "off"]),
            "reference": st.sampled_from(["noised", "clean"]),
        }
    ),
)
@settings(max_examples=6, deadline=None)
def test_it_equals_a_plain_implementation(
    naive: SimpleNamespace, seed: int, case: dict[str, Any], iterations: int, means: dict[str, Any]
) -> None:
    options: dict[str, Any] = {"rounds": 1, "rolls": 2, "lambda_kl": 0.05, "lambda_ac": 10.0, **means}
    for denoiser in oracles(seed):
        context = context_for(denoiser, images(seed), **case)
        latent = invert(renoise(iterations, **options), context).latent
        rows = [naive.invert(context, row, iterations, **options) for row in range(2)]
        torch.testing.assert_close(latent, torch.stack(rows), rtol=1e-9, atol=1e-9)


def test_the_published_defaults_equal_a_plain_implementation(naive: SimpleNamespace) -> None:
    context = context_for(random_denoiser(1), images(1, batch=1), 6)
    latent = invert(renoise(), context).latent
    torch.testing.assert_close(latent, naive.invert(context, 0, 1, "reference")[None], rtol=1e-9, atol=1e-9)


@given(seed=seeds, index=st.integers(0, 49))
@settings(max_examples=30, deadline=None)
def test_the_fixed_point_solves_the_implicit_equation_geometrically(seed: int, index: int) -> None:
    """On Gaussian data the Lipschitz constant of eps_hat is the largest sigma' / (alpha'^2 lambda + sigma'^2)."""
    denoiser = random_gaussian(seed)
    context = attrs.evolve(context_for(denoiser, images(seed), 50), top=index + 1)
    here, there = context.levels[index], context.levels[index + 1]
    B = abs(there.sigma - there.alpha * here.sigma / here.alpha)
    power = denoiser.moments(context.source.embedding, context.x0[:1])[1].min()
    rate = B * there.sigma / float(there.alpha**2 * power + there.sigma**2)
    parts = Parts(start=StartAt(index)) + renoise(iterations=40, averaging="off", rounds=0)
    inversion = invert(parts, context)
    count = 6 if there.label < 250 else 41
    logs = torch.stack([inversion.records[f"renoise/log-residual-{k}"][0] for k in range(count)])
    # From k = 1 on the map is the same at every iterate; below -28 there is only round-off.
    falls = (logs[2:] - logs[1:-1])[logs[2:] > -28]
    assert rate < 1
    assert (falls <= torch.tensor(rate).log() + 1e-3).all()
    x = inversion.latent
    back = move(denoiser(x, there, context.source), here)
    tolerance = max(1e-10, 2 * rate ** (count - 1) / (1 - rate)) * float(context.x0.norm())
    assert (back - context.x0).norm() < tolerance


@attrs.frozen
class StartAt:
    """The images, taken as states of the level ``index``."""

    index: int

    def __call__(self, context: Context) -> Encoded:
        return Encoded(context.x0, self.index, memory={"from": "start"})


def test_more_iterations_bring_the_round_trip_closer() -> None:
    denoiser, x0 = random_gaussian(3), images(3)
    errors = []
    for iterations in (0, 1, 3, 5):
        parts = renoise(iterations, averaging="off", rounds=0)
        errors.append(float((translate(parts, context_for(denoiser, x0, 50, target=0)).x - x0).norm()))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 10


def test_what_the_start_remembers_reaches_the_sampler() -> None:
    context = context_for(random_denoiser(4), images(4), 4)
    for correction, noises in (("none", None), ("exact", [2, 3, 4])):
        memory = invert(Parts(start=StartAt(1)) + renoise(correction=correction), context).memory  # type: ignore[arg-type]
        assert memory["from"] == "start"
        assert (sorted(memory["noises"]) if noises else memory.get("noises")) == noises


@pytest.mark.parametrize(
    ("options", "forwards"),
    [
        # 50 steps, 13 of them to labels below 250, where K is at most 5; regularised steps cost one more.
        ({"iterations": 0}, 50),
        ({"iterations": 1}, 50 * 2 + 13),
        ({"iterations": 1, "averaging": "always"}, 50 * 3),
        ({"iterations": 1, "rounds": 0}, 50 * 2),
        ({"iterations": 1, "lambda_kl": 0.0, "lambda_ac": 0.0}, 50 * 2),
        ({"iterations": 9}, 13 * 7 + 37 * 11),
        ({"iterations": 9, "averaging": "off"}, 13 * 7 + 37 * 11),
        ({"iterations": 7}, 13 * 7 + 37 * 8),
    ],
)
@pytest.mark.parametrize(("guidance", "rows"), [(1.0, 1), (0.5, 2)])
def test_cost_is_counted(options: dict[str, Any], forwards: int, guidance: float, rows: int) -> None:
    x0 = images(5, batch=1)[:, :1, :4, :4].expand(1, 3, 4, 4)
    context = context_for(random_denoiser(5), x0, 50, inversion_guidance=guidance)
    cost = invert(renoise(**{"rolls": 1, **({"rounds": 1} | options)}), context).cost
    assert (cost.forwards, cost.backwards) == (forwards * rows, 0)


def test_a_correction_shares_the_first_forward_where_the_label_is_next() -> None:
    @attrs.frozen
    class Look:
        def __call__(self, probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
            return 0 * probe.prediction.eps

    for label, forwards in (("current", 3), ("next", 2)):
        parts = Parts(corrections=(Look(),)) + renoise(iterations=1, rounds=0)
        context = context_for(random_denoiser(6), images(6), 5, label=label)  # type: ignore[arg-type]
        assert invert(parts, context).cost.forwards == 5 * forwards


@pytest.mark.parametrize("correction", ["none", "exact", "nudge"])
def test_results_do_not_depend_on_the_batch(correction: Any) -> None:
    context = context_for(random_denoiser(7), images(7, batch=3), 5)
    noise = context.noise.select(torch.tensor([1]))
    alone = attrs.evolve(context, x0=context.x0[1:2], noise=noise, meter=Meter(1))
    parts = renoise(iterations=2, averaging="always", correction=correction)
    # Convolutions of different batch sizes may sum in another order, and regularisation amplifies the difference.
    torch.testing.assert_close(invert(parts, alone).latent, invert(parts, context).latent[1:2], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("channels", [1, 5])
def test_any_number_of_channels(channels: int) -> None:
    denoiser = random_gaussian(8, shape=(channels, 8, 8))
    context = context_for(denoiser, source_batch(denoiser, 0, 2, 8), 5)
    assert invert(renoise(), context).latent.shape == (2, channels, 8, 8)


def test_the_seed_matters_only_where_something_is_drawn() -> None:
    denoiser, x0 = random_denoiser(9), images(9)
    for parts, same in ((renoise(), False), (renoise(rounds=0), True)):
        latents = [invert(parts, context_for(denoiser, x0, 5, seed=seed)).latent for seed in (1, 2)]
        assert torch.equal(*latents) is same


def test_the_clean_reference_draws_nothing_and_aims_elsewhere() -> None:
    context = context_for(random_denoiser(9), images(9), 5)
    noised = invert(renoise(), context).latent
    assert "renoise" in context.noise.drawn
    context = context_for(random_denoiser(9), images(9), 5)
    clean = invert(renoise(reference="clean"), context).latent
    assert "renoise" not in context.noise.drawn
    assert not torch.allclose(noised, clean)


def test_a_schedule_without_the_next_label_is_refused() -> None:
    context = context_for(random_gaussian(1), images(1), 5, schedule=KarrasSchedule())
    with pytest.raises(ConfigurationError, match="preconditioned for the level x is at"):
        invert(renoise(), context)


@pytest.mark.parametrize(
    "options",
    [
        {"iterations": -1},
        {"averaging": "sometimes"},
        {"lambda_kl": -0.1},
        {"lambda_ac": float("inf")},
        {"lambda_ac": float("nan")},
        {"rounds": -1},
        {"rolls": 0},
        {"correction": "maybe"},
        {"reference": "noisy"},
        {"eta": 0.5},
        {"correction": "exact", "eta": 0.0},
        {"correction": "nudge", "eta": 1.5},
    ],
)
def test_impossible_values_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=" of renoise "):
        renoise(**options)
