"""A law: a named property that everything of a kind obeys, verified on one random example at a time."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import attrs
import torch
from torch import Tensor

from spectralkit.diffusion.gaussian import apply_filter

S = TypeVar("S")
"""What a law is verified on: a plugin's product with all that an example needs."""


class LawBrokenError(AssertionError):
    """A law does not hold; the message says what was found."""


@attrs.frozen
class Law(Generic[S]):
    """A property of everything of a kind.

    Args:
        name: Lower case with hyphens.
        statement: What holds, one line.
        holds: Raises :class:`LawBrokenError` where it does not, for the example of one seed.
        examples: How many examples are worth their time.
    """

    name: str
    statement: str
    holds: Callable[[S, int], None]
    examples: int

    def verify(self, subject: S, seed: int) -> None:
        """Raise unless the law holds for this example; what the plugin warns of is no breach."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.holds(subject, seed)


def law(examples: int = 2) -> Callable[[Callable[[S, int], None]], Law[S]]:
    """Make a law of a function ``(subject, seed)``: its name is the law's, its docstring the statement."""

    def make(holds: Callable[[S, int], None]) -> Law[S]:
        statement = (inspect.getdoc(holds) or "").splitlines()[0]
        return Law(holds.__name__.replace("_", "-"), statement, holds, examples)

    return make


@attrs.frozen
class Kit:
    """How a kind is tested.

    Args:
        prepare: The subject from a spec and parameters.
        laws: The laws that the capabilities of a spec choose.
    """

    prepare: Callable[[Any, dict[str, Any]], Any]
    laws: Callable[[Any], tuple[Law[Any], ...]]


def demand(holds: bool, told: str) -> None:
    """Raise :class:`LawBrokenError` unless ``holds``."""
    if not holds:
        raise LawBrokenError(told)


def demand_close(found: Tensor, expected: Tensor, told: str, tolerance: float = 1e-6) -> None:
    """Demand equal shapes, and values that differ by at most ``tolerance`` of the largest magnitude (or of 1)."""
    demand(found.shape == expected.shape, f"{told}: shapes {tuple(found.shape)} and {tuple(expected.shape)}")
    difference = float((found.double() - expected.double()).abs().max())
    scale = max(1.0, float(expected.abs().max()))
    demand(difference <= tolerance * scale, f"{told}: they differ by {difference:.3g}, magnitudes reach {scale:.3g}")


def demand_refusal(error: type[Exception], action: Callable[[], object], told: str) -> None:
    """Demand that ``action`` raises ``error``."""
    try:
        action()
    except error:
        return
    except Exception as other:
        raise LawBrokenError(f"{told}: raised {type(other).__name__} instead of {error.__name__}") from other
    raise LawBrokenError(f"{told}: nothing was raised, {error.__name__} expected")


def demand_finite(values: Tensor, told: str) -> None:
    """Demand that there is neither NaN nor infinity."""
    demand(bool(torch.isfinite(values).all()), f"{told} holds NaN or infinity")


def natural_images(seed: int, count: int, shape: tuple[int, int, int]) -> Tensor:
    """(N, C, H, W) float32 images in [0, 1] with a falling power spectrum, as real images have."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(count, *shape, generator=generator, dtype=torch.float64)
    fy, fx = torch.fft.fftfreq(shape[1]), torch.fft.fftfreq(shape[2])
    fall = 1 / (0.02 + (fy[:, None] ** 2 + fx[None, :] ** 2).sqrt())
    colored = apply_filter(white, fall)
    colored = colored / colored.flatten(1).std(dim=1).view(-1, 1, 1, 1)
    return (0.5 + 0.15 * colored).clamp(0, 1).float()
