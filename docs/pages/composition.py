"""Which methods compose: every pair is built, and what can be built is run on Gaussian data.

The run tells what the slots cannot: that a part has nothing to act on. A method is idle beside another if taking it
away leaves the image as it is, bit by bit. Guidance is 3 while sampling, because some methods act on nothing else.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Sequence
from functools import cache

import attrs
import torch
from torch import Tensor

from spectralkit.api import load_method
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.driver import translate
from spectralkit.inversion.parts import Parts
from spectralkit.testing.oracle import context_for, random_gaussian, source_batch
from spectralkit_methods_cyclediff import cyclediff
from spectralkit_methods_cyclediff.testing import Affine, between

STEPS, GUIDANCE = 6, 3.0
SLOTS = tuple(field.name for field in attrs.fields(Parts) if field.name not in ("corrections", "double", "name"))
"""What only one method can fill; corrections are summed, and neither the need for float64 nor the name is a slot."""


STAND_INS = {"cyclediff": attrs.evolve(cyclediff(between(Affine(shift=(0.1, 0.1, 0.1)), Affine())), name="cyclediff")}
"""Trained methods, with something that takes the place of what is trained."""


def loaded(name: str) -> Parts:
    """The method of that name with its defaults, or with a stand-in for what is trained."""
    return STAND_INS[name] if name in STAND_INS else load_method(name)


@attrs.frozen
class Pairing:
    """What becomes of two methods joined by ``+``.

    Args:
        methods: Their names.
        conflict: Slots that both claim; empty where they compose.
        idle: Those of them that change nothing beside the other.
        refusal: Why the composition cannot be run on a variance-preserving process, or None.
    """

    methods: tuple[str, str]
    conflict: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    refusal: str | None = None


def filled(parts: Parts) -> tuple[str, ...]:
    """The names of the slots that ``parts`` fill, corrections included."""
    taken = [slot for slot in SLOTS if getattr(parts, slot) is not None]
    return (*taken, *(("corrections",) if parts.corrections else ()))


@cache
def image(parts: Parts) -> Tensor:
    """A small guided translation of Gaussian data, (2, 3, 8, 8)."""
    denoiser = random_gaussian(0)
    x0 = source_batch(denoiser, 0, 2, 0)
    return translate(parts, context_for(denoiser, x0, STEPS, parts=parts, sampling_guidance=GUIDANCE)).x


def pair(first: str, second: str) -> Pairing:
    """What becomes of ``first + second``."""
    methods = (first, second)
    one, other = loaded(first), loaded(second)
    try:
        both = one + other
    except SlotConflict:
        return Pairing(methods, conflict=tuple(s for s in filled(one) if s in SLOTS and s in filled(other)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a method's advice on its parameters is not asked for
            whole, without = image(both), {second: image(one), first: image(other)}
    except ConfigurationError as error:
        return Pairing(methods, refusal=str(error))
    unit = Parts()
    idle = tuple(
        name
        for name, parts in ((first, one), (second, other))
        if parts not in (unit, both) and torch.equal(whole, without[name])
    )
    return Pairing(methods, idle=idle)


def pairs(names: Sequence[str]) -> Iterable[Pairing]:
    """All unordered pairs of different methods."""
    return (pair(first, second) for first, second in itertools.combinations(names, 2))
