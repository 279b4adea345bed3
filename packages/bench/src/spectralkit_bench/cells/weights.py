"""The digest of a model: SHA-256 of everything that its numbers come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from spectralkit.models.model import Model

SHAPING = ("denoiser", "schedule", "codec", "conditions", "null", "shape", "multiple", "aliases")
"""The fields of a model that shape its numbers; its name and what is told of it do not."""

PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype)


def digest(model: Model) -> str:
    """The digest of a model's network, schedule, codec and conditions, wherever it lies and whatever its device."""
    found = hashlib.sha256()
    for name in SHAPING:
        for piece in _pieces(name, getattr(model, name), frozenset()):
            found.update(piece)
    return found.hexdigest()


def _pieces(name: str, value: object, above: frozenset[int]) -> Iterator[bytes]:
    """``value`` in bytes; an object that holds itself is not opened twice, and where things run does not count."""
    yield f"{name} {type(value).__module__}.{type(value).__qualname__} ".encode()
    if isinstance(value, Tensor):
        yield from _tensor(value)
    elif isinstance(value, PLAIN):
        yield repr(value).encode(errors="backslashreplace")
    elif isinstance(value, torch.device) or id(value) in above:
        return
    elif isinstance(value, nn.Module):
        for key, tensor in sorted(value.state_dict().items()):
            yield from _pieces(key, tensor, above)
    else:
        for key, inner in _inside(value):
            yield from _pieces(key, inner, above | {id(value)})


def _inside(value: object) -> Iterator[tuple[str, object]]:
    """What an object is made of, in an order of its own."""
    if isinstance(value, Mapping):
        yield from sorted((str(key), item) for key, item in value.items())
    elif isinstance(value, Sequence):
        yield from ((str(i), item) for i, item in enumerate(value))
    elif fields := getattr(type(value), "__attrs_attrs__", ()):
        yield from ((field.name, getattr(value, field.name)) for field in fields)
    elif callable(value) and not isinstance(getattr(value, "__dict__", None), dict):
        return
    else:
        yield from sorted(getattr(value, "__dict__", {}).items())


def _tensor(value: Tensor) -> Iterator[bytes]:
    yield f"{value.dtype} {tuple(value.shape)}".encode()
    yield value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
