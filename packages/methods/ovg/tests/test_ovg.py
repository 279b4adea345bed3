"""OVG: its gradients against autograd, the laws of its projection, and mutants that the laws must catch."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.batch import dimension, inner, norm, squared_norm, unit
from spectralkit.diffusion.denoiser import Condition, NetworkDenoiser
from spectralkit.diffusion.parameterization import EDMParameterization, Parameterization
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.schedule import KarrasSchedule, Level, Schedule, VPSchedule
from spectralkit.errors import ConfigurationError, NonFiniteError
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, translate
from spectralkit.inversion.parts import Parts
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch, subset
from spectralkit.testing.strategies import VP_PARAMETERIZATIONS, normal, seeds
from spectralkit_methods_ovg.ovg import GUARD, Gradients, gradients, ovg, project

SETTINGS: list[tuple[Parameterization, Schedule]] = [
    *((parameterization, VPSchedule()) for parameterization in VP_PARAMETERIZATIONS),
    (EDMParameterization(), KarrasSchedule()),
]
each_setting = pytest.mark.parametrize(("parameterization", "schedule"), SETTINGS, ids=["eps", "x0", "v", "edm"])
MODULE = sys.modules["spectralkit_methods_ovg.ovg"]  # the package's attribute of that name is the function
VARIANTS = ("reference", "paper", "normalised")


def problem(
    seed: int, parameterization: Parameterization | None = None, schedule: Schedule | None = None, steps: int = 4
) -> Context:
    """Sparse sources, so that structure and energy pull apart, with a perturbation that round-off cannot match.

    On an exactly band-limited input the reference's normalised push amplifies round-off into the empty band.
    """
    smooth = source_batch(random_gaussian(seed), 0, 3, seed).mean(dim=(-2, -1), keepdim=True)
    x0 = smooth + 0.05 * normal(seed + 1, 3, 3, 8, 8)
    return context_for(random_denoiser(seed % 1000, parameterization), x0, steps, schedule=schedule, seed=seed)


def probe_at(context: Context, index: int) -> Probe:
    x = context.x0 + 0.3 * normal(index, *context.x0.shape)
    return Probe(context, x, context.levels[index], index, context.source, 1.0, differentiable=True)


# --- gradients ---------------------------------------------------------------------------------------------------


@each_setting
@settings(max_examples=10)
@given(seed=seeds(), index=st.integers(1, 3), guidance=st.sampled_from((1.0, 2.5)))
def test_gradients_are_autograds_of_the_two_losses(
    parameterization: Parameterization, schedule: Schedule, seed: int, index: int, guidance: float
) -> None:
    """The losses are written out here, down to the network's raw output, and differentiated as a whole."""
    context = problem(seed, parameterization, schedule)
    probe = attrs.evolve(probe_at(context, index), guidance=guidance)
    found = gradients(probe, context.x0)

    level, denoiser = context.levels[index], context.denoiser
    assert isinstance(denoiser, NetworkDenoiser)
    x = probe.x.clone().requires_grad_()
    prediction = raw(denoiser, x, level, context.source, guidance)
    d = x[0].numel()
    hf = (prediction.eps.flatten(1).pow(2).sum(1) - d).pow(2).sum()
    lf = (prediction.x0 - context.x0).flatten(1).pow(2).sum()
    for loss, gradient in ((hf, found.hf), (lf, found.lf)):
        (expected,) = torch.autograd.grad(loss, x, retain_graph=True)
        torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


def raw(denoiser: NetworkDenoiser, x: Tensor, level: Level, condition: Condition, guidance: float) -> Prediction:
    """The prediction by the table of the literature instead of the toolkit's affine coefficients."""
    alpha, sigma, kind = level.alpha, level.sigma, type(denoiser.parameterization).__name__
    label = torch.full((x.shape[0],), level.label, dtype=x.dtype)
    parameterization = denoiser.parameterization
    sd = parameterization.sigma_data if isinstance(parameterization, EDMParameterization) else 1.0
    scaled = x / (sigma**2 + sd**2) ** 0.5 if kind.startswith("EDM") else x
    F = torch.zeros_like(x)
    for weight, embedding in ((guidance, condition.embedding), (1 - guidance, condition.null)):
        F = F + weight * denoiser.network(scaled, label, embedding.expand(x.shape[0], -1))
    if kind.startswith("Eps"):
        return Prediction((x - sigma * F) / alpha, F)
    if kind.startswith("X0"):
        x0 = F
    elif kind.startswith("V"):
        x0 = (alpha * x - sigma * F) / (alpha**2 + sigma**2)
    else:
        x0 = sd**2 / (sigma**2 + sd**2) * x + sigma * sd / (sigma**2 + sd**2) ** 0.5 * F
    return Prediction(x0, (x - alpha * x0) / sigma)


# --- the projection: each law is a function, so that the mutants below meet the very same checks -------------------

Projection = Callable[[Gradients, float], tuple[Gradients, Tensor]]


def pair(seed: int, *, conflict: bool, angle: float = 1.0, scales: tuple[float, float] = (1.0, 1.0)) -> Gradients:
    """Three samples of gradients at ``angle`` from orthogonality, all in conflict or all in agreement."""
    a, b = (unit(normal(seed + i, 3, 2, 4, 4)) for i in range(2))
    across = unit(b - inner(a, b) * a)
    lean = -math.sin(angle) if conflict else math.sin(angle)
    return Gradients(scales[0] * a, scales[1] * (lean * a + math.cos(angle) * across))


def relative(a: Tensor, b: Tensor) -> Tensor:
    return inner(a, b).abs() / (norm(a) * norm(b)).clamp_min(1e-300)


def check_orthogonal_on_conflict(projection: Projection, raw: Gradients) -> None:
    """Each projected force is orthogonal to the other's raw gradient, and the rest of it is untouched."""
    projected, conflict = projection(raw, 0.0)
    assert conflict.all()
    assert float(relative(projected.hf, raw.lf).max()) < 1e-12
    assert float(relative(projected.lf, raw.hf).max()) < 1e-12
    for new, old, other in ((projected.hf, raw.hf, raw.lf), (projected.lf, raw.lf, raw.hf)):
        removed = old - new
        along = inner(removed, other) / squared_norm(other) * other
        assert float((norm(removed - along) / norm(old)).max()) < 1e-12
        assert bool((inner(new, old) > 0).all())


def check_untouched_without_conflict(projection: Projection, raw: Gradients) -> None:
    projected, conflict = projection(raw, 0.0)
    assert not conflict.any()
    assert torch.equal(projected.hf, raw.hf)
    assert torch.equal(projected.lf, raw.lf)


def check_angle_between_the_projected(projection: Projection, raw: Gradients) -> None:
    """``<g_HF', g_LF'> = -<g_HF, g_LF> (1 - cos^2)``: positive, so the corrections are not mutually orthogonal."""
    projected, _ = projection(raw, 0.0)
    dot, size = inner(raw.hf, raw.lf), norm(raw.hf) * norm(raw.lf)
    cosine = dot / size
    difference = inner(projected.hf, projected.lf) + dot * (1 - cosine**2)
    assert float((difference / size).abs().max()) < 1e-12
    assert bool((inner(projected.hf, projected.lf) > 0).all())


def check_laws(projection: Projection, seed: int, angle: float, scales: tuple[float, float]) -> None:
    conflicting = pair(seed, conflict=True, angle=angle, scales=scales)
    check_orthogonal_on_conflict(projection, conflicting)
    check_angle_between_the_projected(projection, conflicting)
    check_untouched_without_conflict(projection, pair(seed, conflict=False, angle=angle, scales=scales))


sizes = st.floats(1e-6, 1e6)
angles = st.floats(0.01, 1.4)


@given(seed=seeds(), angle=angles, scales=st.tuples(sizes, sizes))
def test_the_laws_of_the_projection(seed: int, angle: float, scales: tuple[float, float]) -> None:
    check_laws(project, seed, angle, scales)


@given(seed=seeds(), angle=angles, flags=st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_each_sample_is_projected_by_itself(seed: int, angle: float, flags: tuple[bool, bool, bool]) -> None:
    with_conflict, without = (pair(seed, conflict=flag, angle=angle) for flag in (True, False))
    chosen = torch.tensor(flags).view(3, 1, 1, 1)
    mixed = Gradients(*(torch.where(chosen, a, b) for a, b in zip(parts(with_conflict), parts(without), strict=True)))
    projected, conflict = project(mixed, 0.0)
    assert conflict.flatten().tolist() == list(flags)
    for i, flag in enumerate(flags):
        alone, _ = project(Gradients(mixed.hf[i : i + 1], mixed.lf[i : i + 1]), 0.0)
        assert torch.equal(projected.hf[i : i + 1], alone.hf)
        assert torch.equal(projected.lf[i], mixed.lf[i]) is not flag


def parts(pair: Gradients) -> tuple[Tensor, Tensor]:
    return pair.hf, pair.lf


@given(seed=seeds())
def test_a_vanishing_gradient_projects_nothing(seed: int) -> None:
    g = pair(seed, conflict=True)
    for raw in (Gradients(g.hf, torch.zeros_like(g.lf)), Gradients(torch.zeros_like(g.hf), g.lf)):
        for guard in (0.0, GUARD):
            projected, conflict = project(raw, guard)
            assert not conflict.any()
            assert torch.equal(projected.hf, raw.hf)
            assert torch.equal(projected.lf, raw.lf)


@given(seed=seeds(), angle=angles)
def test_the_guard_of_the_release_leaves_a_small_remainder(seed: int, angle: float) -> None:
    raw = pair(seed, conflict=True, angle=angle)
    projected, _ = project(raw, GUARD)
    # What the guard spares of the component along the other gradient: GUARD / (|g|^2 + GUARD) of it, and |g| = 1.
    assert float(relative(projected.hf, raw.lf).max() * norm(projected.hf).max()) <= 1.01 * GUARD


def always(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Projects whether or not there is a conflict."""
    dot = inner(raw.hf, raw.lf)
    hf, lf = raw.hf - dot / squared_norm(raw.lf) * raw.lf, raw.lf - dot / squared_norm(raw.hf) * raw.hf
    return Gradients(hf, lf), dot < 0


def never(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    return raw, inner(raw.hf, raw.lf) < 0


def on_agreement(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """The test of the conflict with the wrong sign."""
    flipped, _ = project(Gradients(raw.hf, -raw.lf), guard)
    return Gradients(flipped.hf, -flipped.lf), inner(raw.hf, raw.lf) < 0


def sequential(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Projects the second gradient on the already projected first."""
    projected, conflict = project(raw, guard)
    again, _ = project(Gradients(projected.hf, raw.lf), guard)
    return Gradients(projected.hf, again.lf), conflict


def reversed_sign(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Adds the conflicting component instead of removing it."""
    projected, conflict = project(raw, guard)
    return Gradients(2 * raw.hf - projected.hf, 2 * raw.lf - projected.lf), conflict


def one_sided(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Protects the structure only."""
    projected, conflict = project(raw, guard)
    return Gradients(projected.hf, raw.lf), conflict


def unnormalised(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Divides by the norm instead of its square."""
    dot = inner(raw.hf, raw.lf).clamp_max(0)
    hf, lf = raw.hf - dot / norm(raw.lf) * raw.lf, raw.lf - dot / norm(raw.hf) * raw.hf
    return Gradients(hf, lf), inner(raw.hf, raw.lf) < 0


def own_direction(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """Removes a part along the gradient itself."""
    dot = inner(raw.hf, raw.lf).clamp_max(0)
    hf, lf = raw.hf - dot / squared_norm(raw.hf) * raw.hf, raw.lf - dot / squared_norm(raw.lf) * raw.lf
    return Gradients(hf, lf), inner(raw.hf, raw.lf) < 0


def over_the_batch(raw: Gradients, guard: float) -> tuple[Gradients, Tensor]:
    """One inner product for the whole batch."""
    dot = inner(raw.hf, raw.lf).mean(dim=0, keepdim=True).expand(raw.hf.shape[0], 1, 1, 1).clamp_max(0)
    hf, lf = raw.hf - dot / squared_norm(raw.lf) * raw.lf, raw.lf - dot / squared_norm(raw.hf) * raw.hf
    return Gradients(hf, lf), inner(raw.hf, raw.lf) < 0


SINGLE = (always, never, on_agreement, sequential, reversed_sign, one_sided, unnormalised, own_direction)


@pytest.mark.parametrize("mutant", SINGLE, ids=lambda mutant: mutant.__name__)
def test_the_laws_catch_a_wrong_projection(mutant: Projection) -> None:
    with pytest.raises(AssertionError):
        check_laws(mutant, seed=0, angle=0.7, scales=(2.0, 0.5))


def test_the_independence_of_samples_catches_a_projection_over_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "project", over_the_batch)
    with pytest.raises(AssertionError):
        test_each_sample_is_projected_by_itself.hypothesis.inner_test(0, 0.7, (True, False, True))


# --- the whole correction -----------------------------------------------------------------------------------------


def forces(context: Context, index: int, method: Parts) -> tuple[Tensor, Tensor, Tensor]:
    """Raw gradients' projection is hidden in the sum; with one weight at zero each force can be seen alone."""
    probe, there = probe_at(context, index), context.levels[index + 1]
    base = there.alpha * probe.prediction.x0 + there.sigma * probe.prediction.eps
    (correction,) = method.corrections
    return correction(probe, base, context.levels[index], there), norm(base - probe.x), probe.x


def check_forces_on_conflict(seed: int, variant: str) -> bool:
    """Each applied force is a descent direction, orthogonal on conflict to the other raw one; whether any was."""
    context, index = problem(seed), 1
    raw = gradients(probe_at(context, index), context.x0)
    conflict = inner(raw.hf, raw.lf) < 0
    hf, *_ = forces(context, index, ovg(eta_lf=0.0, variant=variant))  # type: ignore[arg-type]
    lf, *_ = forces(context, index, ovg(eta_hf=0.0, variant=variant))  # type: ignore[arg-type]
    for force, own, other in ((hf, raw.hf, raw.lf), (lf, raw.lf, raw.hf)):
        guard = GUARD / squared_norm(other)  # the release's guard spares this fraction
        assert bool((inner(force, own) < 0).all())
        across = relative(force, other)
        assert bool((across[conflict] < 1e-9 + 10 * guard[conflict]).all())
        parallel = norm(unit(force) + unit(own))
        assert bool((parallel[~conflict] < 1e-9).all())
    return bool(conflict.any())


def check_forces_of_many(variant: str) -> None:
    conflicts = [check_forces_on_conflict(seed, variant) for seed in range(20)]
    assert any(conflicts), "no sample was in conflict"


@pytest.mark.parametrize("variant", VARIANTS)
def test_applied_forces_obey_the_projection(variant: str) -> None:
    check_forces_of_many(variant)


@pytest.mark.parametrize("mutant", [always, never, reversed_sign], ids=lambda mutant: mutant.__name__)
def test_applied_forces_reveal_a_wrong_projection(mutant: Projection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "project", mutant)
    with pytest.raises(AssertionError):
        check_forces_of_many("normalised")


@each_setting
@pytest.mark.parametrize("variant", VARIANTS)
def test_zero_weights_are_standard_inversion_bit_by_bit(
    variant: str, parameterization: Parameterization, schedule: Schedule
) -> None:
    plain = translate(Parts(), problem(5, parameterization, schedule))
    method = ovg(eta_hf=0.0, eta_lf=0.0, variant=variant)  # type: ignore[arg-type]
    guided = translate(method, problem(5, parameterization, schedule))
    assert torch.equal(plain.inversion.latent, guided.inversion.latent)
    assert torch.equal(plain.x, guided.x)
    assert plain.inversion.cost == guided.inversion.cost


def check_clip_bound(context: Context, index: int, clip: float) -> None:
    """``|u| <= clip (|delta| + guard)`` for each force and each sample."""
    for weights in ({"eta_hf": 0.0, "eta_lf": 1e3}, {"eta_hf": 1e3, "eta_lf": 0.0}):
        u, delta, _ = forces(context, index, ovg(clip=clip, **weights))
        assert bool((norm(u) <= clip * (delta + GUARD) * (1 + 1e-12)).all())


@each_setting
@settings(max_examples=10)
@given(seed=seeds(), clip=st.floats(0.01, 10), index=st.integers(1, 3))
def test_the_clip_bounds_each_force_of_each_sample(
    parameterization: Parameterization, schedule: Schedule, seed: int, clip: float, index: int
) -> None:
    check_clip_bound(problem(seed, parameterization, schedule), index, clip)


def test_a_clip_over_the_batch_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mean norm bounds the batch, not its samples."""
    monkeypatch.setattr(MODULE, "norm", lambda a: norm(a).mean(dim=0, keepdim=True).expand(a.shape[0], 1, 1, 1))
    with pytest.raises(AssertionError):
        check_clip_bound(problem(0), 2, 0.5)


@given(seed=seeds(), clip=st.floats(0.1, 2))
@settings(max_examples=10)
def test_where_the_clip_binds_the_weight_is_inert(seed: int, clip: float) -> None:
    """With the published weight the correction's length is the base step's: only ``clip`` matters."""
    context = problem(seed)
    u, delta, _ = forces(context, 2, ovg(eta_hf=1e3, eta_lf=0.0, clip=clip))
    v, _, _ = forces(context, 2, ovg(eta_hf=1e6, eta_lf=0.0, clip=clip))
    torch.testing.assert_close(u, v, rtol=1e-4, atol=1e-8)
    torch.testing.assert_close(norm(u), clip * delta, rtol=1e-4, atol=1e-5)


@given(seed=seeds())
@settings(max_examples=10)
def test_below_the_clip_the_reference_scales_with_weight_and_interval(seed: int) -> None:
    context, index = problem(seed), 2
    raw = gradients(probe_at(context, index), context.x0)
    g, _ = project(raw, GUARD)
    eta = 1e-12
    u, _, _ = forces(context, index, ovg(eta_hf=eta, eta_lf=0.0))
    interval = context.levels[index + 1].label - context.levels[index].label
    torch.testing.assert_close(u, -eta * interval * g.hf, rtol=1e-12, atol=0)


@given(seed=seeds(), eta=st.floats(0.01, 2))
@settings(max_examples=10)
def test_the_normalised_variant_measures_in_base_steps(seed: int, eta: float) -> None:
    u, delta, _ = forces(problem(seed), 2, ovg(eta_hf=eta, eta_lf=0.0, variant="normalised"))
    torch.testing.assert_close(norm(u), eta * delta, rtol=1e-12, atol=0)


@given(seed=seeds(), eta=st.floats(1e-9, 1e-5))
@settings(max_examples=10)
def test_the_paper_variant_is_the_printed_equation(seed: int, eta: float) -> None:
    context, index = problem(seed), 2
    g, _ = project(gradients(probe_at(context, index), context.x0), 0.0)
    u, _, _ = forces(context, index, ovg(eta_hf=eta, eta_lf=2 * eta, variant="paper"))
    torch.testing.assert_close(u, -eta * g.hf - 2 * eta * g.lf, rtol=1e-12, atol=1e-18)


def tame(variant: str) -> Parts:
    """The variant with its defaults; ``paper``, which has no clip, with weights that a random network allows."""
    weights = {"eta_hf": 1e-9, "eta_lf": 1e-6} if variant == "paper" else {}
    return ovg(variant=variant, **weights)  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("guidance", "rows"), [(1.0, 1), (3.0, 2)])
def test_a_step_costs_one_forward_and_two_vjps(variant: str, guidance: float, rows: int) -> None:
    context = attrs.evolve(problem(1, steps=4), inversion_guidance=guidance)
    calls = 0
    denoiser = context.denoiser

    def counted(*arguments: object) -> Prediction:
        nonlocal calls
        calls += 1
        return denoiser(*arguments)  # type: ignore[arg-type]

    inversion = invert(tame(variant), attrs.evolve(context, denoiser=counted))  # type: ignore[arg-type]
    assert calls == 4
    assert (inversion.cost.forwards, inversion.cost.backwards) == (4 * rows, 4 * 2 * rows)


@each_setting
@pytest.mark.parametrize("variant", VARIANTS)
def test_results_do_not_depend_on_the_batch(
    variant: str, parameterization: Parameterization, schedule: Schedule
) -> None:
    context, method = problem(7, parameterization, schedule), tame(variant)
    whole = translate(method, context)
    for rows in ([2], [1, 0]):
        some = translate(method, subset(context, rows))
        scale = float(whole.inversion.latent.abs().max())
        torch.testing.assert_close(some.inversion.latent, whole.inversion.latent[rows], rtol=0, atol=1e-9 * scale)
        torch.testing.assert_close(some.x, whole.x[rows], rtol=0, atol=1e-9 * scale)


def energy(method: Parts, sparsity: float) -> float:
    """``|x_T|^2 / d`` after 50 exact-score steps, from sources with ``exp(-sparsity)`` of the power of the data."""
    oracle = random_gaussian(3)
    sparse = attrs.evolve(oracle, log_powers=oracle.log_powers - sparsity)
    x0 = source_batch(sparse, 0, 4, 3) + 1e-3 * normal(4, 4, 3, 8, 8)
    latent = invert(method, context_for(oracle, x0, 50)).latent
    return float(squared_norm(latent).mean()) / dimension(latent)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_energy_of_the_noise_is_restored(variant: str) -> None:
    """What the method is for: standard inversion of sparse images collapses, OVG's latent has the energy of noise."""
    assert energy(Parts(), 2.0) < 0.1
    expected = {"reference": 1.0, "normalised": 1.0, "paper": 0.8}  # the printed step is not scaled to the deficit
    assert energy(ovg(variant=variant), 2.0) == pytest.approx(expected[variant], abs=0.2)  # type: ignore[arg-type]


def test_the_paper_variant_has_a_window_and_diverges_beyond_it() -> None:
    """Below it nothing happens, inside the deficit closes, two orders above the states overflow."""
    plain = energy(Parts(), 0.0)
    assert plain == pytest.approx(0.72, abs=0.01)
    assert energy(ovg(eta_hf=1e-9, eta_lf=0.0, variant="paper"), 0.0) == pytest.approx(plain, rel=1e-3)
    assert energy(ovg(eta_lf=0.0, variant="paper"), 0.0) == pytest.approx(1, abs=0.05)
    for eta in (1e-3, 1e3):
        with pytest.raises(NonFiniteError, match=r"inversion step .* lower the method's weights"):
            energy(ovg(eta_hf=eta, variant="paper"), 0.0)


def test_diagnostics_say_how_often_the_clip_binds() -> None:
    context = problem(2, steps=5)
    records = invert(ovg(), context).records
    assert set(records) == {"ovg/conflict", "ovg/ratio-hf", "ovg/ratio-lf", "ovg/clipped-hf", "ovg/clipped-lf"}
    assert all(values.shape == (5, 3) for values in records.values())
    for force in ("hf", "lf"):
        assert torch.equal(records[f"ovg/clipped-{force}"] == 1, records[f"ovg/ratio-{force}"] > 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"eta_hf": -1.0}, "eta_hf"),
        ({"eta_lf": float("nan")}, "eta_lf"),
        ({"eta_hf": float("inf")}, "eta_hf"),
        ({"clip": 0.0}, "clip"),
        ({"clip": float("nan")}, "clip"),
        ({"clip": 0.5, "variant": "paper"}, "no meaning"),
        ({"variant": "published"}, "choose one of reference, paper, normalised"),
    ],
)
def test_impossible_parameters_are_refused(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        ovg(**arguments)  # type: ignore[arg-type]
