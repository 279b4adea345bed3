"""Inversion methods as values: six slots that compose with ``+``.

``Parts()`` is standard inversion (Song et al. 2020) and the unit of composition. A method fills some of the slots:

* ``start``: where the climb begins (TABA, SDEdit, CycleDiffusion);
* ``step``: how one level leads to the next (ReNoise, EDICT, BDIA, Heun);
* ``corrections``: what is added to the step, all of them computed at the same point (OVG);
* ``sampler``: how the way back is walked (null-class, Direct, EDICT, BDIA);
* ``depth``: the fraction of the levels that is climbed at all (SDEdit);
* ``repeats``: how often the whole translation is done, each time on the output of the last (SDEdit).

Two parts that claim one slot conflict; corrections are summed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import shape_of
from spectralkit.diffusion.prediction import move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError, SlotConflict
from spectralkit.inversion.context import Context
from spectralkit.inversion.meter import Cost
from spectralkit.inversion.probe import Probe
from spectralkit.plugins.held import hold, hold_fields

State = Any
"""What a step carries from one level to the next: a pair, a list of noises; private to the step that made it."""


@attrs.frozen(eq=False)
class Encoded:
    """Where a climb begins.

    Args:
        x: (B, C, H, W), the state.
        index: The level it is at.
        memory: What sampling will need of the way here (recorded noises), or None.
    """

    x: Tensor = attrs.field(repr=shape_of)
    index: int
    memory: State = attrs.field(default=None, repr=False)


@attrs.frozen(eq=False)
class Inversion:
    """The result of an inversion.

    Args:
        latent: (B, C, H, W), the state at the noisiest level.
        index: That level's index.
        trajectory: The states from ``start_index`` to ``index``; empty unless asked for or needed by the sampler.
        start_index: The level the climb began at.
        memory: What the step carried; the sampler of the same method understands it.
        cost: Network evaluations per sample.
        records: Diagnostics by name, (steps, B) each.
    """

    latent: Tensor = attrs.field(repr=shape_of)
    index: int
    trajectory: tuple[Tensor, ...] = attrs.field(repr=lambda states: f"{len(states)} states")
    start_index: int
    memory: State = attrs.field(repr=False)
    cost: Cost
    records: dict[str, Tensor] = attrs.field(repr=lambda records: repr(sorted(records)))

    def states(self, context: Context) -> tuple[Tensor, ...]:
        """One state per level, ``x*_0 ... x*_index``, for samplers that retrace the climb.

        Below the level where a climb was begun by forward noising stand the states that :meth:`Context.states_below`
        finds.

        Raises:
            ConfigurationError: If the inversion kept no trajectory.
        """
        if not self.trajectory:
            raise ConfigurationError(
                "this sampler retraces the inversion, which kept no trajectory: invert with the same method or with "
                "keep_trajectory=True"
            )
        return (*context.states_below(self.trajectory[0], self.start_index), *self.trajectory)


@runtime_checkable
class Start(Protocol):
    """Encodes the source image as the state at some level."""

    def __call__(self, context: Context) -> Encoded: ...


@runtime_checkable
class Step(Protocol):
    """One transition towards noise; what it carries is its state, returned and never hidden."""

    def init(self, encoded: Encoded, context: Context) -> State:
        """The state before the first transition."""
        ...

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        """The state x at ``there`` from ``probe.x`` at ``here``."""
        ...


@runtime_checkable
class Correction(Protocol):
    """An addition to the base step, (B, C, H, W), from the network's evaluation at ``probe.x``."""

    def __call__(self, probe: Probe, base: Tensor, here: Level, there: Level) -> Tensor: ...


@runtime_checkable
class Sampler(Protocol):
    """One transition towards the clean image."""

    @property
    def needs_trajectory(self) -> bool:
        """Whether every state of the inversion must be kept."""
        ...

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        """The first state x and what the sampler carries."""
        ...

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        """The state x at ``there``, cleaner than ``here``."""
        ...


@attrs.frozen
class EntryStart:
    """The encoded image at level 0, with the schedule's entry noise (none for a variance-preserving process)."""

    def __call__(self, context: Context) -> Encoded:
        scale = context.schedule.entry_noise
        x0 = context.x0
        return Encoded(x0 + scale * context.noise.normal("entry", x0) if scale > 0 else x0, index=0)


@attrs.frozen
class MoveStep:
    """``x' = alpha' x0_hat + sigma' eps_hat``."""

    def init(self, encoded: Encoded, context: Context) -> State:
        return encoded.memory

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        return move(probe.prediction, there), state


@attrs.frozen
class MoveSampler:
    """The same transition walked back under the target condition."""

    needs_trajectory: bool = attrs.field(default=False, init=False)

    def init(self, inversion: Inversion, context: Context) -> tuple[Tensor, State]:
        return inversion.latent, None

    def __call__(self, probe: Probe, here: Level, there: Level, state: State) -> tuple[Tensor, State]:
        return move(probe.prediction, there), None


T = TypeVar("T")


def _claim(slot: str, parts: Parts, filler: object) -> str:
    """Who fills a slot, by name."""
    return f"'{parts.name}'" if parts.name else f"a method without a name ({slot} {type(filler).__name__})"


@attrs.frozen
class Parts:
    """An inversion method; see the module's documentation for the slots.

    Args:
        start: Replaces :class:`EntryStart`.
        step: Replaces :class:`MoveStep`.
        corrections: Summed onto the step.
        sampler: Replaces :class:`MoveSampler`.
        depth: Fraction of the levels to climb, in (0, 1]; None is all.
        repeats: Number of translations, each of the output of the last with noises of its own, >= 1; None is one.
        double: Whether the solver's state must be float64 (methods that amplify round-off).
        name: What messages call it; says nothing of what it does.
    """

    start: Start | None = None
    step: Step | None = None
    corrections: tuple[Correction, ...] = ()
    sampler: Sampler | None = None
    depth: float | None = None
    repeats: int | None = None
    double: bool = False
    name: str = attrs.field(default="", eq=False)

    def __attrs_post_init__(self) -> None:
        hold_fields(self)
        if self.depth is not None and not 0 < self.depth <= 1:
            raise ConfigurationError(f"depth must lie in (0, 1], got {self.depth}")
        if self.repeats is not None and self.repeats < 1:
            raise ConfigurationError(f"repeats must be at least 1, got {self.repeats}")

    def __add__(self, other: Parts) -> Parts:
        hold("Parts", "what is added", other, Parts)

        def one(slot: str, mine: T | None, theirs: T | None) -> T | None:
            if mine is not None and theirs is not None:
                claims = f"{_claim(slot, self, mine)} and {_claim(slot, other, theirs)}"
                raise SlotConflict(f"{claims} both claim the slot '{slot}': use one of them")
            return theirs if mine is None else mine

        return Parts(
            start=one("start", self.start, other.start),
            step=one("step", self.step, other.step),
            corrections=self.corrections + other.corrections,
            sampler=one("sampler", self.sampler, other.sampler),
            depth=one("depth", self.depth, other.depth),
            repeats=one("repeats", self.repeats, other.repeats),
            double=self.double or other.double,
            name="+".join(filter(None, (self.name, other.name))),
        )

    __radd__ = __add__  # reached by what is none

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the solver's state."""
        return torch.float64 if self.double else torch.float32


Method = Callable[..., Parts]


def standard() -> Parts:
    """Standard (DDIM) inversion: the unit of composition.

    Invert under the source class, sample under the target class, on the same levels (Song et al. 2020).
    """
    return Parts()
