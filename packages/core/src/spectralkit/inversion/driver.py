"""The only loop: up the levels to invert, down the levels to sample.

Everything that differs between methods lives in :class:`~spectralkit.inversion.parts.Parts`; everything that differs
between models lives in the schedule and the parameterization.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.batch import shape_of, unsound
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError, NonFiniteError
from spectralkit.inversion import returned
from spectralkit.inversion.context import Context
from spectralkit.inversion.meter import Meter
from spectralkit.inversion.owners import owners_told
from spectralkit.inversion.parts import (
    Encoded,
    EntryStart,
    Inversion,
    MoveSampler,
    MoveStep,
    Parts,
    Start,
    State,
)
from spectralkit.inversion.probe import Probe
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import brief

Stage = Literal["inversion", "sampling"]


@attrs.frozen(eq=False)
class Transition:
    """One transition, just done, as an onlooker sees it.

    Args:
        stage: ``inversion`` or ``sampling``.
        step: How many transitions of the stage are done, this one included.
        steps: How many it has.
        level: The level reached.
        x: (B, C, H, W), the state there, in the model's space.
        x0_hat: (B, C, H, W), the clean image as predicted at the level left; None where the network was not asked
            there (EDICT asks at the other half of its pair).
    """

    stage: Stage
    step: int
    steps: int
    level: Level
    x: Tensor = attrs.field(repr=shape_of)
    x0_hat: Tensor | None = attrs.field(repr=shape_of)


Callback = Callable[[Transition], None]
"""Called after each transition."""


Progress = Callable[[int, int, Stage], None]
"""Called after each transition with how many of the stage are done, how many it has, and which stage it is."""


def ignore(transition: Transition) -> None:
    """Nobody looks on."""


def onlooker(progress: Progress | None, callback: Callback | None) -> Callback:
    """One callback of the two ways of looking on."""

    def tell(transition: Transition) -> None:
        if progress is not None:
            progress(transition.step, transition.steps, transition.stage)
        if callback is not None:
            callback(transition)

    return tell


@attrs.frozen(eq=False)
class Sampled:
    """The end of the way back.

    Args:
        x: (B, C, H, W), the clean state.
        state: What the sampler carried last (EDICT's second branch, null-class's embeddings); its method knows it.
    """

    x: Tensor = attrs.field(repr=shape_of)
    state: State = attrs.field(repr=False)


@attrs.frozen(eq=False)
class Translation:
    """An inversion and the image sampled from it.

    Args:
        x: (B, C, H, W), the translated image in the model's space.
        inversion: How it got there.
        state: What the sampler carried last.
        meter: Evaluations and diagnostics of inversion and sampling together.
    """

    x: Tensor = attrs.field(repr=shape_of)
    inversion: Inversion
    state: State = attrs.field(repr=False)
    meter: Meter = attrs.field(repr=False)


def top_index(parts: Parts, steps: int) -> int:
    """Index of the noisiest level that ``parts`` climbs to, at least 1."""
    return steps if parts.depth is None else max(1, round(parts.depth * steps))


def invert(parts: Parts, context: Context, *, keep_trajectory: bool = False, callback: Callback = ignore) -> Inversion:
    """Climb from the source image to the noisiest level.

    Raises:
        ConfigurationError: If the method starts above the level it should end at.
        NonFiniteError: If a state overflows; names the step, the level and the sample.
    """
    start, step = parts.start or EntryStart(), parts.step or MoveStep()
    keep = keep_trajectory or (parts.sampler is not None and parts.sampler.needs_trajectory)
    with torch.no_grad(), owners_told(parts, context):
        encoded = _encoded(start, context)
        if encoded.index > context.top:
            raise ConfigurationError(
                f"'{parts.name or type(start).__name__}' starts at level {encoded.index}, above the last level "
                f"{context.top}: use more steps or depth"
            )
        x, state = encoded.x, step.init(encoded, context)
        trajectory = [x]
        climb = range(encoded.index, context.top)
        for done, index in enumerate(climb, start=1):
            here, there = context.levels[index], context.levels[index + 1]
            told = attrs.evolve(here, label=there.label) if context.label == "next" else here
            probe = Probe(
                context,
                x,
                told,
                index,
                context.source,
                context.inversion_guidance,
                differentiable=bool(parts.corrections),
            )
            base, state = returned.pair(step, step(probe, here, there, state), x)
            x = base
            for correction in parts.corrections:
                x = x + returned.tensor(correction, correction(probe, base, here, there), base)
            _check_finite(x, "inversion", index, there, context)
            if keep:
                trajectory.append(x)
            callback(Transition("inversion", done, len(climb), there, x, probe.x0_hat))
    records = {name: torch.stack(values) for name, values in context.meter.records.items()}
    kept = tuple(trajectory) if keep else ()
    return Inversion(x, context.top, kept, encoded.index, state, context.meter.cost, records)


def sample(parts: Parts, inversion: Inversion, context: Context, *, callback: Callback = ignore) -> Sampled:
    """Walk back down to the clean level under the target condition.

    Raises:
        NonFiniteError: If a state overflows; names the step, the level and the sample.
    """
    sampler = parts.sampler or MoveSampler()
    with torch.no_grad(), owners_told(parts, context):
        x, state = returned.pair(sampler, sampler.init(inversion, context), inversion.latent)
        for done, index in enumerate(range(inversion.index, 0, -1), start=1):
            here, there = context.levels[index], context.levels[index - 1]
            probe = Probe(context, x, here, index, context.target, context.sampling_guidance)
            x, state = returned.pair(sampler, sampler(probe, here, there, state), x)
            _check_finite(x, "sampling", index, there, context)
            callback(Transition("sampling", done, inversion.index, there, x, probe.x0_hat))
    return Sampled(x, state)


def complete(parts: Parts, inversion: Inversion, context: Context, *, callback: Callback = ignore) -> Sampled:
    """Sample from an inversion; where the method repeats, the output is inverted again, with noises of its own."""
    sampled = sample(parts, inversion, context, callback=callback)
    for repetition in range(1, parts.repeats or 1):
        again = attrs.evolve(context, x0=sampled.x, noise=context.noise.within(f"repetition {repetition}"))
        sampled = sample(parts, invert(parts, again, callback=callback), again, callback=callback)
    return sampled


def translate(
    parts: Parts, context: Context, *, keep_trajectory: bool = False, callback: Callback = ignore
) -> Translation:
    """Invert, then sample; the inversion of the source image is the one returned, however often the method repeats."""
    inversion = invert(parts, context, keep_trajectory=keep_trajectory, callback=callback)
    sampled = complete(parts, inversion, context, callback=callback)
    return Translation(sampled.x, inversion, sampled.state, context.meter)


def _encoded(start: Start, context: Context) -> Encoded:
    encoded = start(context)
    if not isinstance(encoded, Encoded) or type(encoded.index) is not int or encoded.index < 0:
        raise ContractError(start, f"returned {brief(encoded)}, expected Encoded(x, index) with an index of at least 0")
    returned.tensor(start, encoded.x, context.x0)
    return encoded


def _check_finite(x: Tensor, stage: Stage, index: int, level: Level, context: Context) -> None:
    if (row := unsound(x)) is not None:
        raise NonFiniteError(
            f"{stage} step {index} produced NaN or infinity on the way to the level sigma={level.sigma:.4g} in sample "
            f"'{context.noise.ids[row]}': lower the method's weights or use more steps"
        )
