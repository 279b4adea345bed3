"""CycleDiff: a naive re-implementation, closed forms on Gaussian data, composition, cost, refusals."""

from __future__ import annotations

import math

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import spectralkit as sk
from spectralkit.diffusion.flow import FlowSchedule
from spectralkit.diffusion.gaussian import GaussianDenoiser
from spectralkit.diffusion.parameterization import EDMParameterization, EpsParameterization, FlowParameterization
from spectralkit.diffusion.schedule import KarrasSchedule, VPSchedule
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.context import Context
from spectralkit.inversion.driver import invert, sample, translate
from spectralkit.inversion.parts import Encoded, MoveSampler, MoveStep, Parts
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit_methods_cyclediff import cyclediff
from spectralkit_methods_cyclediff.testing import Affine, between
from spectralkit_methods_cyclediff.translators import Domain

SHIFT = (0.4, -0.2, 0.1)
KINDS = {
    "vp": (VPSchedule(), EpsParameterization()),
    "edm": (KarrasSchedule(start_noise=0.0), EDMParameterization()),
    "flow": (FlowSchedule(), FlowParameterization()),
}
SHIFTING = between(Affine(0.3, SHIFT), Affine(0.0, tuple(-shift for shift in SHIFT)))
PLAIN = between(Affine(), Affine())


def network_context(seed: int, steps: int, kind: str, **options: object) -> Context:
    schedule, parameterization = KINDS[kind]
    x0 = source_batch(random_gaussian(seed), 0, 3, seed)
    return context_for(random_denoiser(seed, parameterization), x0, steps, schedule=schedule, **options)  # type: ignore[arg-type]


def naive(context: Context, row: int, begin: int = 0, start: Tensor | None = None) -> Tensor:
    """One sample in the paper's u and t: C on the way up, G(C) and the target's noise on the way down."""
    levels, top, x0 = context.levels, context.steps, context.x0[row : row + 1]
    times = [level.sigma / (level.alpha + level.sigma) for level in levels]
    x = x0 if start is None else start[row : row + 1]
    n = (x - levels[begin].alpha * x0) / levels[begin].sigma if begin else x0
    components = {}
    for i in range(top + 1):
        state = levels[i].alpha * x0 + levels[i].sigma * n if i < begin else x
        prediction = context.denoiser(state, levels[i], context.source, context.inversion_guidance)
        components[i] = -prediction.x0
        if begin <= i < top:
            x = levels[i + 1].alpha * prediction.x0 + levels[i + 1].sigma * prediction.eps
    u = x / (levels[top].alpha + levels[top].sigma)
    for i in range(top, 0, -1):
        translated = (1 + 0.3 * times[i]) * components[i] + torch.tensor(SHIFT, dtype=torch.float64).view(-1, 1, 1)
        x = (levels[i].alpha + levels[i].sigma) * u
        eps = context.denoiser(x, levels[i], context.target, context.sampling_guidance).eps
        u = u - (times[i] - times[i - 1]) * (translated + eps)
    return (levels[0].alpha + levels[0].sigma) * u


def apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


@given(
    seed=st.integers(0, 2**16),
    steps=st.integers(1, 8),
    kind=st.sampled_from(sorted(KINDS)),
    guidance=st.sampled_from([1.0, 1.5]),
)
@settings(max_examples=25, deadline=None)
def test_it_agrees_with_plain_loops_and_counts_its_cost(seed: int, steps: int, kind: str, guidance: float) -> None:
    context = network_context(seed, steps, kind, sampling_guidance=guidance)
    translation = translate(cyclediff(SHIFTING), context)
    assert sorted(translation.inversion.memory) == list(range(steps))
    assert translation.inversion.cost.forwards == steps
    assert context.meter.cost.forwards == steps + 1 + steps * (1 if guidance == 1 else 2)
    for row in range(3):
        assert apart(translation.x[row : row + 1], naive(context, row)) < 1e-9


@attrs.frozen
class Jump:
    """Begins at a level, forward-noised."""

    index: int

    def __call__(self, context: Context) -> Encoded:
        level = context.levels[self.index]
        return Encoded(level.alpha * context.x0 + level.sigma * context.noise.normal("jump", context.x0), self.index)


@pytest.mark.parametrize("begin", [1, 3, 5])
def test_levels_that_a_start_skips_have_components_of_the_noised_source(begin: int) -> None:
    context = network_context(1, 5, "vp")
    jump = Jump(begin)
    translation = translate(cyclediff(SHIFTING) + Parts(start=jump), context)
    for row in range(3):
        assert apart(translation.x[row : row + 1], naive(context, row, begin, jump(context).x)) < 1e-9
    assert context.meter.cost.forwards == 5 + 5  # the clean level is not visited


def domains(seed: int) -> GaussianDenoiser:
    """Two Gaussian domains that differ by a shift of the mean, whose exact translator is ``C - shift``."""
    data, shift = random_gaussian(seed), torch.tensor(SHIFT).view(3, 1, 1)
    means = torch.stack((data.means[0], data.means[0] + shift, data.means[0]))
    return GaussianDenoiser(means, data.log_powers[:1].expand_as(data.log_powers).clone())


EXACT = between(Affine(0.0, tuple(-shift for shift in SHIFT)), Affine(0.0, SHIFT))


def alike(data: GaussianDenoiser) -> GaussianDenoiser:
    """Every class is the first."""
    return GaussianDenoiser(*(moment[:1].expand_as(moment).clone() for moment in (data.means, data.log_powers)))


def order(errors: list[float], steps: tuple[int, ...]) -> float:
    """The slope of the errors' logarithm against that of the step."""
    return math.log(errors[0] / errors[-1]) / math.log(steps[-1] / steps[0])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_with_identities_the_source_comes_back_as_from_a_round_trip(kind: str) -> None:
    """The error is of first order, and no larger than the standard round trip's."""
    data, errors, steps = alike(random_gaussian(5)), [], (50, 100, 200, 400)
    x0 = source_batch(data, 0, 2, 5)
    for n in steps:
        context = context_for(data, x0, n, schedule=KINDS[kind][0])
        errors.append(apart(translate(cyclediff(PLAIN), context).x, x0))
        assert errors[-1] < apart(translate(Parts(), context).x, x0)
    assert 0.7 < order(errors, steps) < 1.2  # "leading" grids of a VP schedule end below T, which blurs the order


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_step_with_the_models_own_component_is_the_shared_transition(kind: str) -> None:
    """One level below the top, under one condition, nothing differs from the standard way back."""
    context = network_context(3, 1, kind, target=0)
    assert context.source.embedding.equal(context.target.embedding)
    own = attrs.evolve(PLAIN, target=PLAIN.source)
    assert apart(translate(cyclediff(own), context).x, translate(Parts(), context).x) < 1e-12


def test_the_exact_translator_shifts_the_round_trip_exactly() -> None:
    """Where no signal is left at the top, both domains have the same noisiest state, and nothing else differs."""
    data = domains(3)
    x0 = source_batch(data, 0, 2, 3)
    context = context_for(data, x0, 30, schedule=FlowSchedule())
    moved = translate(cyclediff(EXACT), context).x
    stayed = translate(cyclediff(PLAIN), attrs.evolve(context, denoiser=alike(data))).x
    torch.testing.assert_close(moved, stayed + torch.tensor(SHIFT, dtype=torch.float64).view(3, 1, 1))


@pytest.mark.parametrize("kind", ["vp", "flow"])
def test_the_exact_translator_moves_the_source_by_the_shift(kind: str) -> None:
    """To first order in the step, and to the share of signal that the noisiest level has kept."""
    data, errors, steps = domains(4), [], (50, 100, 200)
    x0 = source_batch(data, 0, 2, 4)
    wanted = x0 + torch.tensor(SHIFT, dtype=torch.float64).view(3, 1, 1)
    for n in steps:
        context = context_for(data, x0, n, schedule=KINDS[kind][0])
        errors.append(apart(translate(cyclediff(EXACT), context).x, wanted))
    assert errors[-1] < 0.1
    if kind == "flow":
        assert 0.9 < order(errors, steps) < 1.1
    backwards = attrs.evolve(context, x0=wanted, source=context.target, target=context.source)
    assert apart(translate(cyclediff(EXACT), backwards).x, x0) < 0.1  # the other translator


def test_it_composes_but_for_its_slots() -> None:
    def push(probe: object, base: Tensor, here: object, there: object) -> Tensor:
        return 0.1 * torch.ones_like(base)

    context = network_context(2, 4, "vp")
    plain, pushed = (translate(cyclediff(SHIFTING) + more, context).x for more in (Parts(), Parts(corrections=(push,))))
    assert not torch.allclose(plain, pushed)
    for other, slot in ((Parts(step=MoveStep()), "step"), (Parts(sampler=MoveSampler()), "sampler")):
        with pytest.raises(SlotConflict, match=f"the slot '{slot}'"):
            _ = cyclediff(SHIFTING) + other


def test_a_precision_of_the_model_changes_no_conditions() -> None:
    """bfloat16 rounds the embedding by less than what tells conditions apart."""
    generator = torch.Generator().manual_seed(0)
    row = torch.randn(1, 384, generator=generator)
    domain = attrs.evolve(PLAIN.source, embedding=row)
    context = network_context(1, 2, "vp")
    assert domain.is_that_of(attrs.evolve(context.source, embedding=row.bfloat16()))
    assert not domain.is_that_of(attrs.evolve(context.source, embedding=row + 0.02 * row.roll(1)))
    assert not domain.is_that_of(context.source)


def test_the_numbers_of_classes_are_conditions_of_their_own() -> None:
    """207 and 208 are as near as two precisions of one embedding."""
    here, there = (Domain(str(number), torch.tensor([number])) for number in (207, 208))
    context = network_context(1, 2, "vp")
    assert here.is_that_of(attrs.evolve(context.source, embedding=torch.tensor([207])))
    assert not there.is_that_of(attrs.evolve(context.source, embedding=torch.tensor([207])))


def test_the_next_label_is_refused() -> None:
    """Components would be predicted under another time than translators are told."""
    with pytest.raises(ConfigurationError, match=r"cyclediff's translators .*'current'"):
        invert(cyclediff(PLAIN), attrs.evolve(network_context(1, 3, "vp"), label="next"))


def test_without_translators_a_line_tells_how_to_make_them() -> None:
    with pytest.raises(ConfigurationError, match=r"with `spectralkit train-cyclediff .*cyclediff\(translators"):
        sk.load_method("cyclediff")
    with pytest.raises(ConfigurationError, match="translators of cyclediff must be a directory, got int"):
        sk.load_method("cyclediff(translators=3)")


def test_what_they_are_not_for_is_refused() -> None:
    method, context = cyclediff(attrs.evolve(PLAIN, model="ddim")), attrs.evolve(network_context(1, 3, "vp"), model="x")
    cases = (
        (attrs.evolve(context, x0=context.x0[..., :4]), "has states of 3x8x4 in place of 3x8x8"),
        (attrs.evolve(context, source=context_for(random_gaussian(0), context.x0, 1, target=2).target), "begins with"),
        (attrs.evolve(context, target=context.source), "does not lead from one to the other"),
    )
    for wrong, told in cases:
        with pytest.raises(ConfigurationError) as refusal:
            translate(method, wrong)
        assert f"for the conditions 'low' and 'high' of model 'ddim', but this run of model 'x' {told}" in str(
            refusal.value
        )


def test_another_methods_inversion_is_told() -> None:
    context = network_context(1, 3, "vp")
    with pytest.raises(ConfigurationError, match="invert with cyclediff too"):
        sample(cyclediff(PLAIN), invert(Parts(), context), context)
