"""The only loop: up the levels to invert, down the levels to sample.

Everything that differs between methods lives in :class:`~spectralkit.inversion.parts.Parts`; everything that differs
between models lives in the schedule and the parameterization.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError, NonFiniteError
from spectralkit.inversion import returned
from spectralkit.inversion.parts import Encoded, EntryStart, Inversion, MoveSampler, MoveStep, Parts, Start
from spectralkit.inversion.probe import Context, Meter, Probe
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import brief

Progress = Callable[[], None]
"""Called once after each transition."""


def silent() -> None:
    """No progress."""


@attrs.frozen(eq=False)
class Translation:
    """An inversion and the image sampled from it.

    Args:
        x: (B, C, H, W), the translated image in the model's space.
        inversion: How it got there.
        cost: Network evaluations per sample, inversion and sampling together.
    """

    x: Tensor
    inversion: Inversion
    meter: Meter


def top_index(parts: Parts, steps: int) -> int:
    """Index of the noisiest level that ``parts`` climbs to, at least 1."""
    return steps if parts.depth is None else max(1, round(parts.depth * steps))


def invert(parts: Parts, context: Context, *, keep_trajectory: bool = False, progress: Progress = silent) -> Inversion:
    """Climb from the source image to the noisiest level.

    Raises:
        ConfigurationError: If the method starts above the level it should end at.
        NonFiniteError: If a state overflows; names the step, the level and the sample.
    """
    start, step = parts.start or EntryStart(), parts.step or MoveStep()
    keep = keep_trajectory or (parts.sampler is not None and parts.sampler.needs_trajectory)
    with torch.no_grad():
        encoded = _encoded(start, context)
        if encoded.index > context.top:
            raise ConfigurationError(
                f"{start!r} starts at level {encoded.index}, above the last level {context.top}: "
                "use more steps or depth"
            )
        x, state = encoded.x, step.init(encoded, context)
        trajectory = [x]
        for index in range(encoded.index, context.top):
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
            progress()
    records = {name: torch.stack(values) for name, values in context.meter.records.items()}
    kept = tuple(trajectory) if keep else ()
    return Inversion(x, context.top, kept, encoded.index, state, context.meter.cost, records)


def sample(parts: Parts, inversion: Inversion, context: Context, *, progress: Progress = silent) -> Tensor:
    """Walk back down to the clean level under the target condition; (B, C, H, W).

    Raises:
        NonFiniteError: If a state overflows; names the step, the level and the sample.
    """
    sampler = parts.sampler or MoveSampler()
    with torch.no_grad():
        x, state = returned.pair(sampler, sampler.init(inversion, context), inversion.latent)
        for index in range(inversion.index, 0, -1):
            here, there = context.levels[index], context.levels[index - 1]
            probe = Probe(context, x, here, index, context.target, context.sampling_guidance)
            x, state = returned.pair(sampler, sampler(probe, here, there, state), x)
            _check_finite(x, "sampling", index, there, context)
            progress()
    return x


def translate(
    parts: Parts, context: Context, *, keep_trajectory: bool = False, progress: Progress = silent
) -> Translation:
    """Invert, then sample; ``parts.repeats`` times, each on the output of the last, with noises of its own.

    The first inversion is the one returned: it is the source image's.
    """
    inversion = invert(parts, context, keep_trajectory=keep_trajectory, progress=progress)
    x = sample(parts, inversion, context, progress=progress)
    for repetition in range(1, parts.repeats or 1):
        again = attrs.evolve(context, x0=x, noise=context.noise.within(f"repetition {repetition}"))
        x = sample(parts, invert(parts, again, progress=progress), again, progress=progress)
    return Translation(x, inversion, context.meter)


def _encoded(start: Start, context: Context) -> Encoded:
    encoded = start(context)
    if not isinstance(encoded, Encoded) or type(encoded.index) is not int or encoded.index < 0:
        raise ContractError(start, f"returned {brief(encoded)}, expected Encoded(x, index) with an index of at least 0")
    returned.tensor(start, encoded.x, context.x0)
    return encoded


def _check_finite(x: Tensor, phase: str, index: int, level: Level, context: Context) -> None:
    finite = torch.isfinite(x).flatten(1).all(dim=1)
    if not finite.all():
        row = int((~finite).nonzero()[0])
        raise NonFiniteError(
            f"{phase} step {index} produced NaN or infinity on the way to the level sigma={level.sigma:.4g} in sample "
            f"'{context.noise.ids[row]}': lower the method's weights or use more steps"
        )
