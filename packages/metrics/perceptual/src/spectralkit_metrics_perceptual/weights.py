"""Pretrained weights that cannot ship with the package: which files, where they go, whether they are there and intact.

Nothing here downloads. A file is looked up in torch's own cache, ``$TORCH_HOME/hub/checkpoints`` (by default
``~/.cache/torch/hub/checkpoints``); the eight digits at the end of its name are the beginning of its SHA-256, and a
file that does not match them is not used. This module does not import torch.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Literal

import attrs

from spectralkit.caches import temporary_caches
from spectralkit.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

Status = Literal["present", "absent", "corrupt"]


def checkpoints() -> Path:
    """The folder pretrained weights are looked up in."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or f"{cache}/torch"
    try:
        folder = Path(home).expanduser()
    except RuntimeError:  # nobody's home
        folder = temporary_caches() / "torch"
    return folder / "hub" / "checkpoints"


@attrs.frozen
class Weights:
    """One file of pretrained weights.

    Args:
        file: Its name, ``<model>-<first eight digits of its SHA-256>.pth``.
        metric: The metric, with its option, that needs it.
        source: Address it is published at.
    """

    file: str
    metric: str
    source: str

    @property
    def path(self) -> Path:
        """Where the file is looked up."""
        return checkpoints() / self.file

    @property
    def digits(self) -> str:
        """Beginning of the SHA-256 that the file's name promises."""
        return self.file.removesuffix(".pth").rpartition("-")[2]

    def status(self) -> Status:
        """Whether the file is there, and is what its name says; reads the whole file, once."""
        if not self.path.is_file():
            return "absent"
        return "present" if matches(self.path, self.digits) else "corrupt"

    def fault(self) -> str | None:
        """What is wrong with the file, and the remedy, in a sentence; None where it is intact."""
        match self.status():
            case "absent":
                return f"{self.file} is not in {checkpoints()}: place it there, it is published at {self.source}"
            case "corrupt":
                told = f"the SHA-256 of {self.path} does not begin with {self.digits}"
                return f"{told}: replace the file by the one at {self.source}"
            case _:
                return None


ALEXNET = Weights("alexnet-owt-7be5be79.pth", "lpips", "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth")
SQUEEZENET = Weights(
    "squeezenet1_1-b8a52dc0.pth", "lpips net=squeeze", "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"
)
VGG16 = Weights("vgg16-397923af.pth", "lpips net=vgg", "https://download.pytorch.org/models/vgg16-397923af.pth")
INCEPTION = Weights(
    "weights-inception-2015-12-05-6726825d.pth",
    "fid, kid",
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
)
KNOWN = (ALEXNET, SQUEEZENET, VGG16, INCEPTION)

Net = Literal["alex", "squeeze", "vgg"]
NETS: dict[Net, Weights] = {"alex": ALEXNET, "squeeze": SQUEEZENET, "vgg": VGG16}
"""The networks that LPIPS can compare by."""


def lpips_lacks(net: Net = "alex") -> str | None:
    """What ``lpips`` lacks on this machine."""
    return NETS[net].fault()


def inception_lacks() -> str | None:
    """What ``fid`` and ``kid`` lack on this machine."""
    return INCEPTION.fault()


def matches(path: Path, digits: str) -> bool:
    """Whether the SHA-256 of a file begins with ``digits``; a file is read again where it has changed."""
    found = path.stat()
    return _digest(path, found.st_ino, found.st_size, found.st_mtime_ns).startswith(digits)


@lru_cache
def _digest(path: Path, *stamp: int) -> str:
    """The SHA-256 of a file, taken once for the half a GB it may be."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def load(weights: Weights) -> dict[str, Tensor]:
    """The tensors of a pretrained model, on the CPU.

    Args:
        weights: The file.

    Raises:
        DataError: If the file is absent, or is not what its name says.
    """
    if (fault := weights.fault()) is not None:
        raise DataError(f"{weights.metric}: {fault}")
    return read(weights.path)


def read(path: Path) -> dict[str, Tensor]:
    """The tensors in a checkpoint file, unpickled without executing code.

    Raises:
        DataError: If the file is no dictionary of tensors.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        raise DataError(f"{path} is no readable checkpoint: {type(error).__name__}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise DataError(f"{path} holds no dictionary of tensors")
    return dict(state)
