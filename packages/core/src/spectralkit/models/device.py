"""Where a model is, and the precision of its network."""

from __future__ import annotations

import warnings

import torch

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import brief

PRECISIONS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
"""What a network can run in."""


def find_device(name: str | torch.device) -> torch.device:
    """The device called ``name``; ``auto`` is CUDA where there is one, else the CPU.

    Raises:
        ConfigurationError: If it does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are going out of use
            device = torch.device(name)
            torch.empty(1, device=device).cpu()
    except Exception as error:  # every backend that is absent fails in its own way
        why = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        raise ConfigurationError(f"device {str(name)!r} cannot be used: {why}; use 'auto' or 'cpu'") from error
    return device


def check_precision(dtype: torch.dtype | None) -> None:
    """Refuse a precision that no network runs in.

    Raises:
        ConfigurationError: Naming those that are possible.
    """
    if dtype is not None and dtype not in PRECISIONS:
        raise ConfigurationError(f"dtype must be one of {', '.join(map(str, PRECISIONS))}, got {brief(dtype)}")
