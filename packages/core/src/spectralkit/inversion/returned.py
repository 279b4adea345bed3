"""What the parts of a method and of a model return, held to their contracts."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from spectralkit.diffusion.prediction import Prediction
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import brief


def tensor(part: object, value: object, like: Tensor) -> Tensor:
    """``value`` where it is a tensor of the shape of ``like``.

    Raises:
        ContractError: Naming ``part`` and what it returned.
    """
    if not isinstance(value, Tensor) or value.shape != like.shape:
        raise ContractError(part, f"returned {told(value)}, expected a tensor of the state's shape {_sides(like)}")
    return value


def pair(part: object, value: object, like: Tensor) -> tuple[Tensor, Any]:
    """``value`` where it is a pair of a state like ``like`` and what is carried to the next transition.

    Raises:
        ContractError: Naming ``part`` and what it returned.
    """
    if not isinstance(value, tuple) or len(value) != 2:
        raise ContractError(part, f"returned {told(value)}, expected a pair (x, state)")
    return tensor(part, value[0], like), value[1]


def prediction(denoiser: object, value: object, x: Tensor) -> Prediction:
    """``value`` where it is a prediction at ``x``.

    Raises:
        ContractError: Naming the denoiser and what it returned.
    """
    if not isinstance(value, Prediction):
        raise ContractError(denoiser, f"returned {told(value)}, expected a Prediction")
    for half in (value.x0, value.eps):
        tensor(denoiser, half, x)
    return value


def told(value: object) -> str:
    """A value in a message: a tensor by its shape."""
    return f"a tensor of shape {_sides(value)}" if isinstance(value, Tensor) else brief(value)


def _sides(value: Tensor) -> str:
    return str(tuple(value.shape))
