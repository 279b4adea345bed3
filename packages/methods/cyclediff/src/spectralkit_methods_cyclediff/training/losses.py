r"""The losses of the two translators, and those of their discriminators.

With C_s and C_t components of source and target, G and H the translators, D_s and D_t the discriminators,

.. math::
    L_\text{adversarial} &= \langle (D_t(G(C_s)) - 1)^2 \rangle + \langle (D_s(H(C_t)) - 1)^2 \rangle \\
    L_\text{cycle} &= \langle |H(G(C_s)) - C_s| \rangle + \langle |G(H(C_t)) - C_t| \rangle \\
    L_\text{identity} &= \langle |H(C_s) - C_s| \rangle + \langle |G(C_t) - C_t| \rangle \\
    L_D &= \tfrac12 \sum_{d = s, t} \langle (D_d(C_d) - 1)^2 \rangle + \langle D_d(\text{translated})^2 \rangle

(least squares: Mao et al. 2017; cycle and identity: Zhu et al. 2017). All four networks are told the component's
time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

Verdict = Callable[[Tensor, Tensor], Tensor]
"""Of a discriminator, on components and their times."""


class Translated(NamedTuple):
    """What the translators made of a batch of each domain, (B, C, H, W) each.

    Args:
        fake_t: G(C_s).
        fake_s: H(C_t).
        back_s: H(G(C_s)).
        back_t: G(H(C_t)).
        same_s: H(C_s).
        same_t: G(C_t).
    """

    fake_t: Tensor
    fake_s: Tensor
    back_s: Tensor
    back_t: Tensor
    same_s: Tensor
    same_t: Tensor


def adversarial(made: Translated, time_s: Tensor, time_t: Tensor, of_source: Verdict, of_target: Verdict) -> Tensor:
    """How far the discriminators are from taking translations for real; these keep the times of what they are of."""
    verdicts = of_target(made.fake_t, time_s), of_source(made.fake_s, time_t)
    one, other = ((verdict.float() - 1).square().mean() for verdict in verdicts)
    return one + other


def cycle(made: Translated, source: Tensor, target: Tensor) -> Tensor:
    """How far there and back is from where it began."""
    return _distance(made.back_s, source) + _distance(made.back_t, target)


def identity(made: Translated, source: Tensor, target: Tensor) -> Tensor:
    """What is changed of components that are in the domain already."""
    return _distance(made.same_s, source) + _distance(made.same_t, target)


def discrimination(verdicts: Sequence[Tensor]) -> Tensor:
    """The discriminators' loss, of the verdicts on real and on translated components in turn."""
    pairs = zip(verdicts[::2], verdicts[1::2], strict=True)
    return sum(((real - 1).square().mean() + fake.square().mean()) / 2 for real, fake in pairs)  # type: ignore[return-value]


def _distance(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).abs().mean()
