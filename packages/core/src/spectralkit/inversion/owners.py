"""Whose an object is that broke its contract: the method's or the model's, by the name that a user knows it by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spectralkit.inversion.context import Context
from spectralkit.inversion.parts import Parts
from spectralkit.plugins.registered import ContractError
from spectralkit.plugins.text import called


@contextmanager
def owners_told(parts: Parts, context: Context) -> Iterator[None]:
    """Within, a breach of a contract names the method, or the model where the denoiser is at fault."""
    try:
        yield
    except ContractError as error:
        of_the_model = error.by is context.denoiser
        error.lay_to(called("model", context.model) if of_the_model else called("method", parts.name))
        raise
