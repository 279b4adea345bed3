"""``scheduler_config.json``: read with its class's defaults, and refused by the names of its keys."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from spectralkit.errors import DataError
from spectralkit.models.documents import read_json
from spectralkit.plugins.text import brief
from spectralkit.torchvision_fix import repair_torchvision

FILE = "scheduler_config.json"
WHOLE = (
    "DDIMScheduler",
    "DDIMInverseScheduler",
    "DDIMParallelScheduler",
    "DDPMScheduler",
    "DDPMParallelScheduler",
    "PNDMScheduler",
)
"""Schedulers whose grid is of whole timesteps."""

BETWEEN = (
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "LMSDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
)
"""Those whose grid may lie between timesteps."""

INNER = (
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "UniPCMultistepScheduler",
    "DEISMultistepScheduler",
)
"""Those whose grid of N is that of N + 1 without its lowest."""

DISCRETE = (*WHOLE, *BETWEEN, *INNER)
EDM = ("EDMEulerScheduler", "EDMDPMSolverMultistepScheduler")
FLOW = "FlowMatchEulerDiscreteScheduler"
KNOWN = (*DISCRETE, *EDM, FLOW)
"""All that are read."""

PLAIN: dict[str, tuple[Any, ...]] = {
    "thresholding": (False, None),
    "interpolation_type": ("linear",),
    "timestep_type": ("discrete",),
    "use_exponential_sigmas": (False, None),
    "use_beta_sigmas": (False, None),
    "invert_sigmas": (False, None),
    "shift_terminal": (None,),
    "stochastic_sampling": (False, None),
    "use_flow_sigmas": (False, None),
    "use_lu_lambdas": (False, None),
    "lambda_min_clipped": (-math.inf, None),
}
"""Keys with a single meaning here, and the values that say so."""


@attrs.frozen
class Config:
    """A configuration with its class's defaults filled in, whose keys are refused by name.

    Args:
        path: The file.
        name: The scheduler's class.
        values: By key.
        passed: Keys that the class does not know, where it is not the one that was saved.
    """

    path: Path
    name: str
    values: Mapping[str, Any]
    passed: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def refusal(self, key: str, why: str) -> DataError:
        """The error that names a key and its value."""
        value = self.name if key == "_class_name" else self.values.get(key)
        return DataError(f"scheduler {self.path} has {key} = {brief(value)}, {why}")

    def one_of(self, key: str, known: tuple[Any, ...]) -> Any:
        """The value of ``key``, where it is known."""
        if not any(value is self[key] or value == self[key] for value in known):
            raise self.refusal(key, f"which cannot be expressed here: known are {', '.join(map(str, known))}")
        return self[key]

    def number(self, key: str, holds: Callable[[float], bool], wanted: str) -> float:
        """The value of ``key``, where it is such a number."""
        value = self[key]
        if not isinstance(value, int | float) or isinstance(value, bool) or not holds(value):
            raise self.refusal(key, f"expected {wanted}")
        return value

    def positive(self, key: str) -> float:
        """The value of ``key``, where it is positive and finite."""
        return float(self.number(key, lambda n: 0 < n < math.inf, "a positive number"))


def read_config(path: Path, name: str | None) -> Config:
    """The configuration of a file, read as that of the class ``name``, by default its own.

    Raises:
        DataError: If there is none, its class has no counterpart, or a key is known to no class.
    """
    document = read_json(path)
    name = name or str(document.get("_class_name"))
    if name not in KNOWN:
        told = f"which has no counterpart here: known are {', '.join(KNOWN)}; to read its keys as a DDIM's, --set "
        told += "model.scheduler=DDIMScheduler"
        raise Config(path, name, {}).refusal("_class_name", told)
    defaults = defaults_of(name)
    config = Config(path, name, {**defaults, **document})
    if name != document.get("_class_name"):  # as from_config does; what is passed over is told
        passed = tuple(sorted(key for key in document.keys() - defaults.keys() if not key.startswith("_")))
        return attrs.evolve(config, passed=passed)
    everybody = set().union(*(defaults_of(other) for other in KNOWN))
    for key in document.keys() - everybody:  # diffusers passes over keys of other schedulers, which it saves too
        if not key.startswith("_") and document[key] not in (None, False):
            raise config.refusal(key, "which is unknown here: leave it out where it says nothing of the levels")
    return config


class Filled(Mapping[str, Any]):
    """A configuration with its class's defaults, for which diffusers is imported only where a key was left out.

    Args:
        document: What was saved.
        name: Its class.
    """

    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self.document, self.name = document, name

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """By key."""
        return defaults_of(self.name)

    def __getitem__(self, key: str) -> Any:
        return self.document[key] if key in self.document else self.defaults[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.defaults, **self.document})

    def __len__(self) -> int:
        return len({**self.defaults, **self.document})


def defaults_of(name: str) -> dict[str, Any]:
    """What the constructor of one of diffusers' classes takes, by name."""
    repair_torchvision()
    import diffusers

    parameters = inspect.signature(getattr(diffusers, name).__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}
