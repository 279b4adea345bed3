"""Make an installed torchvision importable next to a torch without CUDA.

torchvision's published binary is linked to CUDA; beside a CPU-only torch it does not load, and then ``import
torchvision`` fails ("operator torchvision::nms does not exist"), and with it diffusers, torchmetrics and lpips.
Declaring the schemas of the two operators first is enough: nothing here calls them. Where the binary loads, or
torchvision is absent, this module does nothing.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_FOLDER = "TORCHINDUCTOR_CACHE_DIR"


@cache
def repair_torchvision() -> torch.library.Library | None:
    """Declare the missing operators once; the returned library must stay alive, which the cache sees to."""
    import torch

    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return None
    _import_compiler()
    for binary in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(binary)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        except OSError:
            continue
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # as above
    for operator in ("nms", "qnms"):
        schema = f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        library.define(schema)  # type: ignore[no-untyped-call]  # as above
    return library


def _import_compiler() -> None:
    """Import ``torch._dynamo``, as torchvision does, without the folder that it makes for code yet to be compiled.

    The folder is made where there is none; during the import it is one that exists. Whoever compiles makes it then.
    """
    if _FOLDER in os.environ:
        return
    os.environ[_FOLDER] = tempfile.gettempdir()
    try:
        import_module("torch._dynamo")
    finally:
        del os.environ[_FOLDER]
