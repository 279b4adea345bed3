"""Targets that do what they must not: end the program, raise what nobody catches, return what nobody expects."""

# No annotations import: targets are read by their real annotations here.

import atexit
import os
import sys
from typing import Any

import attrs
import torch
from toy import Toy, push

from spectralkit.diffusion.parameterization import EpsParameterization
from spectralkit.diffusion.prediction import Prediction
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import VPSchedule
from spectralkit.inversion.parts import Encoded, MoveSampler, MoveStep, Parts
from spectralkit.metric import MeanScore
from spectralkit.models.model import Model, PixelCodec


class Bad(BaseException):
    """Nobody's business."""


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class ExitingError(Exception):
    def __str__(self) -> str:
        return sys.exit(0)


class Text(str):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class Unspeakable:
    """Raises whatever is asked of it."""

    def __repr__(self) -> str:
        raise Bad

    def __getattr__(self, name: str) -> Any:
        raise Bad


def circular() -> Exception:
    error = RuntimeError("in circles")
    error.__cause__ = error
    return error


RAISED = {
    "exits": lambda: SystemExit(0),
    "interrupts": KeyboardInterrupt,
    "generator exit": GeneratorExit,
    "base exception": lambda: Bad("out"),
    "unprintable": UnprintableError,
    "exiting": ExitingError,
    "stops": StopIteration,
    "os error": lambda: FileNotFoundError(2, "No such file or directory", "/no/such"),
    "broken pipe": BrokenPipeError,
    "fails": lambda: KeyError(Text("x")),
    "in circles": circular,
    "huge message": lambda: RuntimeError("x" * 1_000_000),
}
RETURNED = {
    "none": lambda: None,
    "text": lambda: "x" * 1000,
    "nothing": lambda: (),
    "scalar": lambda: torch.zeros(()),
    "shape": lambda: torch.zeros(1, 2, 3),
    "more": lambda: torch.zeros(7, 2, 3, 8, 8),
    "pair": lambda: (torch.zeros(1), None),
    "integers": lambda: torch.zeros(3, 8, 8, dtype=torch.int64),
    "unspeakable": Unspeakable,
}


def act(how: str) -> Any:
    """Raise, or return something impossible."""
    if how == "recurses":
        return act(how)
    if how in RAISED:
        raise RAISED[how]()
    return RETURNED[how]()


@attrs.frozen
class Act:
    how: str

    def __call__(self, *arguments: Any) -> Any:
        return act(self.how)


@attrs.frozen
class ActStep(MoveStep):
    how: str

    def __call__(self, *arguments: Any) -> Any:
        return act(self.how)


@attrs.frozen
class ActSampler(MoveSampler):
    how: str
    where: str

    def init(self, inversion: Any, context: Any) -> Any:
        return act(self.how) if self.where == "sampler init" else super().init(inversion, context)

    def __call__(self, *arguments: Any) -> Any:
        return act(self.how)


@attrs.frozen
class Records:
    def __call__(self, probe: Any, base: Any, here: Any, there: Any) -> Any:
        probe.context.meter.record("evil", torch.zeros(17))
        return 0 * base


def method(where: str = "target", how: str = "exits") -> Parts:
    parts = {
        "correction": push() + Parts(corrections=(Act(how),)),
        "start": Parts(start=Act(how)),
        "index": Parts(start=lambda context: Encoded(context.x0, how)),
        "step": Parts(step=ActStep(how)),
        "sampler": Parts(sampler=ActSampler(how, where)),
        "sampler init": Parts(sampler=ActSampler(how, where)),
        "records": Parts(corrections=(Records(),)),
        "builtin": Parts(corrections=(max,)),
    }
    return act(how) if where == "target" else parts[where]


class Data(Toy):
    """A toy data set with one member gone wrong."""

    def __init__(self, where: str = "target", how: str = "exits") -> None:
        if where == "target":
            act(how)
        super().__init__()
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "how", how)

    @property
    def shape(self) -> Any:
        return act(self.how) if self.where == "shape" else super().shape

    def __len__(self) -> int:
        return act(self.how) if self.where == "length" else super().__len__()

    def __getitem__(self, index: int) -> Any:
        if self.where == "first" or (self.where == "item" and index == 2):
            return act(self.how)
        sample = super().__getitem__(index)
        return attrs.evolve(sample, **{self.where: act(self.how)}) if self.where in ("source", "id") else sample

    def sources(self) -> Any:
        if self.where == "stream":
            yield from super().sources()
            yield act(self.how)
        yield from super().sources()


def data(where: str = "target", how: str = "exits") -> Data:
    return act(how) if where == "product" else Data(where, how)


class Metric(MeanScore):
    def __init__(self, where: str = "target", how: str = "exits", targets: Any = None) -> None:
        if where == "target":
            act(how)
        super().__init__()
        self.where, self.how = where, how

    def score(self, *, generated: Any) -> Any:
        return act(self.how) if self.where == "score" else generated.flatten(1).mean(dim=1)

    def update(self, **inputs: Any) -> None:
        super().update(**inputs)
        if self.where == "values":
            self.values = act(self.how)

    def compute(self) -> Any:
        return act(self.how) if self.where == "compute" else super().compute()

    def details(self) -> Any:
        if self.where == "detail":
            return {"x": act(self.how)}
        return act(self.how) if self.where == "details" else {}


def metric(where: str = "target", how: str = "exits") -> Metric:
    return act(how) if where == "product" else Metric(where, how)


@attrs.frozen
class Denoiser:
    where: str
    how: str

    def __call__(self, x: Any, level: Any, condition: Any, guidance: float = 1.0) -> Any:
        if self.where == "half":
            return Prediction(x, act(self.how))
        return act(self.how) if self.where == "denoiser" else Prediction(x, x)

    def to(self, device: Any = None, dtype: Any = None) -> Any:
        return act(self.how) if self.where == "move" else self


@attrs.frozen
class Codec(PixelCodec):
    where: str
    how: str

    def encode(self, images: Any, noise: Any) -> Any:
        return act(self.how) if self.where == "encode" else super().encode(images, noise)

    def decode(self, x: Any) -> Any:
        return act(self.how) if self.where == "decode" else super().decode(x)


def model(where: str = "target", how: str = "exits") -> Model:
    if where == "target":
        return act(how)
    built = Model(
        name="evil",
        denoiser=Denoiser(where, how),
        schedule=VPSchedule(),
        codec=Codec(where, how),
        conditions={"low": torch.ones(1, 3), "high": torch.zeros(1, 3)},
        null=torch.zeros(1, 3),
        shape=(3, 8, 8),
        dataset="toy",
    )
    fields = {"model shape": "shape", "conditions": "conditions", "null": "null", "schedule": "schedule"}
    return attrs.evolve(built, **{fields[where]: act(how)}) if where in fields else built


def process(where: str = "target", how: str = "exits") -> Process:
    return act(how) if where == "target" else Process(VPSchedule(), EpsParameterization())


def loud() -> Parts:
    atexit.register(os.write, 1, b"at exit\n")
    atexit.register(print, "by print at exit")
    print("by print")
    os.write(1, b"by descriptor\n")
    os.system("echo by child")
    return Parts(corrections=(Loud(),))


class Loud:
    def __call__(self, probe: Any, base: Any, here: Any, there: Any) -> Any:
        import ctypes

        libc = ctypes.CDLL(None)
        libc.printf(b"by libc\n")  # stays in C's buffer until it is flushed
        os.write(1, b"by descriptor\n")
        print("by print")
        return 0 * base
