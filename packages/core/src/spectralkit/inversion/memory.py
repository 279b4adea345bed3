"""Running out of memory, told as what a user can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from spectralkit.errors import ConfigurationError
from spectralkit.plugins.text import counted


@contextmanager
def memory_told(batch: Tensor) -> Iterator[None]:
    """Within, an exhausted memory is an error of the batch's size.

    Raises:
        ConfigurationError: Naming the device and how many images it was to hold.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise ConfigurationError(
            f"out of memory on {batch.device} with {counted(len(batch), 'image')} at a time: lower the batch size"
        ) from error
