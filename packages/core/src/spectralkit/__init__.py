"""Diffusion inversion and spectral evaluation.

The public face: names are imported from their modules when first used, so that ``import spectralkit`` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectralkit.api import load_dataset, load_method, load_metric, load_model, translate
    from spectralkit.inversion.driver import invert, sample

    __version__: str

_HOME = {
    "invert": "spectralkit.inversion.driver",
    "load_dataset": "spectralkit.api",
    "load_method": "spectralkit.api",
    "load_metric": "spectralkit.api",
    "load_model": "spectralkit.api",
    "sample": "spectralkit.inversion.driver",
    "translate": "spectralkit.api",
}

__all__ = [
    "__version__",
    "invert",
    "load_dataset",
    "load_method",
    "load_metric",
    "load_model",
    "sample",
    "translate",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("spectralkit")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
