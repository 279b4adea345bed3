"""The laws of composition: a unit, associativity, disjoint slots commute, one slot claimed twice is refused."""

from __future__ import annotations

import re

import attrs
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import KarrasSchedule, Level, VPSchedule
from spectralkit.errors import ConfigurationError, SlotConflict, SpectralkitError
from spectralkit.inversion.driver import translate
from spectralkit.inversion.parts import EntryStart, MoveSampler, MoveStep, Parts
from spectralkit.inversion.probe import Probe
from spectralkit.testing.oracle import context_for, random_denoiser, random_gaussian, source_batch
from spectralkit.testing.strategies import seeds


@attrs.frozen
class Pull:
    """A correction with an identity of its own: a little of the predicted image."""

    weight: float

    def __call__(self, probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
        return self.weight * probe.prediction.x0


SLOTS = ("start", "step", "sampler", "depth")
CLAIMS = {"start": EntryStart(), "step": MoveStep(), "sampler": MoveSampler()}


@st.composite
def parts(draw: st.DrawFn, slots: tuple[str, ...] = SLOTS, weights: int = 3) -> Parts:
    claims = {slot: claim for slot, claim in CLAIMS.items() if slot in slots and draw(st.booleans())}
    depth = draw(st.none() | st.floats(0.1, 1.0)) if "depth" in slots else None
    corrections = draw(st.lists(st.floats(-0.1, 0.1).map(Pull), max_size=weights))
    return Parts(**claims, corrections=tuple(corrections), depth=depth, double=draw(st.booleans()))


@st.composite
def disjoint(draw: st.DrawFn, count: int) -> tuple[Parts, ...]:
    """Parts that claim no slot together."""
    owners = {slot: draw(st.integers(0, count - 1)) for slot in SLOTS}
    return tuple(draw(parts(tuple(slot for slot in SLOTS if owners[slot] == i))) for i in range(count))


def claimed(a: Parts) -> set[str]:
    return {slot for slot in SLOTS if getattr(a, slot) is not None}


def added(a: Parts, b: Parts) -> Parts | None:
    try:
        return a + b
    except SlotConflict:
        return None


@given(a=parts())
def test_the_empty_parts_are_the_unit(a: Parts) -> None:
    assert Parts() + a == a == a + Parts()


@given(abc=st.tuples(parts(), parts(), parts()))
def test_composition_is_associative_conflicts_included(abc: tuple[Parts, Parts, Parts]) -> None:
    a, b, c = abc
    ab, bc = added(a, b), added(b, c)
    left = None if ab is None else added(ab, c)
    right = None if bc is None else added(a, bc)
    assert left == right


@given(abc=disjoint(3))
def test_disjoint_slots_always_compose(abc: tuple[Parts, ...]) -> None:
    a, b, c = abc
    assert claimed(a + b + c) == claimed(a) | claimed(b) | claimed(c)
    assert (a + b) + c == a + (b + c)


@given(ab=disjoint(2))
def test_disjoint_slots_commute_up_to_the_order_of_a_sum(ab: tuple[Parts, ...]) -> None:
    a, b = ab
    forth, back = a + b, b + a
    assert attrs.evolve(forth, corrections=()) == attrs.evolve(back, corrections=())
    assert sorted(forth.corrections, key=repr) == sorted(back.corrections, key=repr)


@given(ab=disjoint(2), seed=seeds())
@settings(max_examples=25)
def test_disjoint_parts_translate_alike_in_either_order(ab: tuple[Parts, ...], seed: int) -> None:
    a, b = ab
    denoiser = random_gaussian(seed)
    x0 = source_batch(denoiser, 0, 2, seed)
    forth, back = (translate(m, context_for(denoiser, x0, 4, parts=m)).x for m in (a + b, b + a))
    torch.testing.assert_close(forth, back, rtol=1e-10, atol=1e-10)


@given(a=parts(), b=parts())
def test_a_conflict_is_symmetric_and_names_both(a: Parts, b: Parts) -> None:
    if not claimed(a) & claimed(b):
        a + b
        return
    a, b = attrs.evolve(a, name="alpha"), attrs.evolve(b, name="beta")
    with pytest.raises(SlotConflict) as forth:
        a + b
    with pytest.raises(SlotConflict) as back:
        b + a
    slot = next(slot for slot in SLOTS if slot in claimed(a) & claimed(b))
    for error in (forth, back):
        assert f"'{slot}'" in str(error.value)
        assert "'alpha'" in str(error.value)
        assert "'beta'" in str(error.value)


def test_a_conflict_of_methods_without_names_tells_what_fills_the_slot() -> None:
    with pytest.raises(SlotConflict, match=r"without a name \(step MoveStep\) and 'other' both claim the slot 'step'"):
        Parts(step=MoveStep()) + Parts(step=MoveStep(), name="other")


def test_the_name_says_nothing_of_the_method() -> None:
    assert Parts(name="a") == Parts(name="b")
    assert (Parts(name="a") + Parts() + Parts(name="b")).name == "a+b"


@given(seed=seeds(), schedule=st.sampled_from((VPSchedule(), KarrasSchedule())))
@settings(max_examples=10)
def test_a_zero_correction_equals_its_absence(seed: int, schedule: VPSchedule | KarrasSchedule) -> None:
    denoiser = random_denoiser(seed)
    x0 = source_batch(random_gaussian(seed), 0, 2, seed)
    results = [
        translate(method, context_for(denoiser, x0, 4, schedule=schedule)).x
        for method in (Parts(), Parts(corrections=(Pull(0.0),)), Parts(corrections=(Pull(0.0), Pull(0.0))))
    ]
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_every_correction_sees_the_same_base_step_and_one_forward() -> None:
    seen: list[Tensor] = []

    def watch(probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor:
        assert torch.equal(base, move(probe.prediction, there))
        seen.append(base)
        return torch.ones_like(base)

    denoiser = random_gaussian(0)
    context = context_for(denoiser, source_batch(denoiser, 0, 2, 0), 3)
    outcome = translate(Parts(corrections=(watch, watch)), context)
    for first, second in zip(seen[::2], seen[1::2], strict=True):
        assert first is second
    assert outcome.inversion.cost.forwards == 3


@pytest.mark.parametrize("depth", [0.0, -0.5, 1.5, float("nan")])
def test_an_impossible_depth_is_refused(depth: float) -> None:
    with pytest.raises(ConfigurationError, match="depth"):
        Parts(depth=depth)


class Hasty:
    """A sampler that does not say whether it needs the trajectory."""

    def init(self, inversion: object, context: object) -> tuple[Tensor, None]:
        return torch.zeros(1), None

    def __call__(self, probe: Probe, here: Level, there: Level, state: object) -> tuple[Tensor, None]:
        return probe.x, None


@pytest.mark.parametrize(
    ("slots", "told"),
    [
        ({"start": 3}, "3 cannot be start of Parts: it must be a function (context) or None"),
        (
            {"step": Pull(0.1)},
            "step of Parts: it must be a Step with init, a call (probe, here, there, state), or None",
        ),
        ({"step": MoveStep}, "cannot be step of Parts"),
        (
            {"sampler": Hasty()},
            "sampler of Parts: it must be a Sampler with needs_trajectory, init, a call (probe, here,",
        ),
        (
            {"corrections": Pull(0.1)},
            "corrections of Parts: it must be a tuple, each a function (probe, base, here, there)",
        ),
        ({"corrections": (Pull(0.1), Pull)}, "cannot be corrections[1] of Parts"),
        ({"corrections": (lambda x: x,)}, "corrections[0] of Parts: it must be a function (probe, base, here, there)"),
        ({"depth": "half"}, "'half' cannot be depth of Parts: it must be float or None"),
        ({"repeats": 2.0}, "2.0 cannot be repeats of Parts: it must be int or None"),
        ({"double": 1}, "1 cannot be double of Parts: it must be bool"),
    ],
)
def test_what_fills_no_slot_is_refused(slots: dict[str, object], told: str) -> None:
    with pytest.raises(SpectralkitError, match=re.escape(told)):
        Parts(**slots)  # type: ignore[arg-type]
