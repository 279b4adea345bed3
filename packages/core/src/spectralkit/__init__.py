"""Diffusion inversion and spectral evaluation.

The public face: names are imported from their modules when first used, so that ``import spectralkit`` stays cheap.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as type checkers read it; the module of that name is the dearest import of a program's start
if TYPE_CHECKING:
    from typing import Any

    from spectralkit.api import (
        decode,
        encode,
        from_network,
        generate,
        invert,
        load_dataset,
        load_method,
        load_model,
        register,
        sample,
        translate,
    )
    from spectralkit.metric import load_metric
    from spectralkit.torchvision_fix import repair_torchvision

    __version__: str

_HOME = {"load_metric": "spectralkit.metric", "repair_torchvision": "spectralkit.torchvision_fix"}
"""Where a public name lives, if not in :mod:`spectralkit.api`: metrics bring torchmetrics, which takes seconds."""

__all__ = [
    "__version__",
    "decode",
    "encode",
    "from_network",
    "generate",
    "invert",
    "load_dataset",
    "load_method",
    "load_metric",
    "load_model",
    "register",
    "repair_torchvision",
    "sample",
    "translate",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("spectralkit")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "spectralkit.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
