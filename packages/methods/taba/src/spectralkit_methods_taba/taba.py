r"""There and Back Again (Staniszewski, Kucinski & Deja 2025): the first inversion steps replaced by forward noising.

Errors of standard inversion concentrate in its first steps. TABA draws one noise n per image, jumps to level K,

.. math::
    x_{t_K} = \alpha_K x_0 + \sigma_K n,

and goes on with standard inversion from there. The jump is formed from x_0, never from a previous state.
"""

from __future__ import annotations

import attrs

from spectralkit.errors import ConfigurationError
from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Encoded, Parts


@attrs.frozen
class ForwardStart:
    """Begin at level K, forward-noised.

    Args:
        steps: K, or None.
        fraction: K as a fraction of N, rounded half to even, at least 1; used where ``steps`` and ``nsr`` are None.
        nsr: K as the first level whose noise-to-signal ratio sigma / alpha reaches this, or None.
    """

    steps: int | None
    fraction: float
    nsr: float | None

    def __call__(self, context: Context) -> Encoded:
        index = self.index(context)
        return Encoded(context.noised(context.levels[index], "taba"), index)

    def index(self, context: Context) -> int:
        """K."""
        if self.steps is not None:
            index = self.steps
        elif self.nsr is not None:
            reached = [i for i, level in enumerate(context.levels) if i > 0 and level.nsr >= self.nsr]
            index = reached[0] if reached else context.steps + 1
        else:
            index = max(1, round(self.fraction * context.steps))
        if index > context.top:
            raise ConfigurationError(
                f"taba would replace {index} steps, but the inversion has {context.top}: lower steps, fraction or nsr"
            )
        return index


def taba(steps: int | None = None, fraction: float = 0.04, nsr: float | None = None) -> Parts:
    """Replace the first K inversion steps by one forward noising.

    Args:
        steps: K itself, at least 1; excludes ``nsr``.
        fraction: K as a fraction of the steps, in (0, 1], rounded half to even, at least 1.
        nsr: Noise-to-signal ratio to start at instead, > 0; comparable across schedules.

    Raises:
        ConfigurationError: If a value is out of range or ``steps`` and ``nsr`` are both given.
    """
    if steps is not None and nsr is not None:
        raise ConfigurationError("taba takes steps or nsr, not both: leave one out")
    if steps is not None and steps < 1:
        raise ConfigurationError(f"steps of taba must be at least 1, got {steps}")
    if not 0 < fraction <= 1:
        raise ConfigurationError(f"fraction of taba must lie in (0, 1], got {fraction}")
    if nsr is not None and not nsr > 0:
        raise ConfigurationError(f"nsr of taba must be positive, got {nsr}")
    return Parts(start=ForwardStart(steps, fraction, nsr), name="taba")
