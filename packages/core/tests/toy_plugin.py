"""A plugin of every kind that keeps its contract, and with ``defect=...`` breaks one clause of it."""

# No annotations import: the fixture that installs this file writes lines of its own above it.

import hashlib
from collections.abc import Iterator
from itertools import count

import attrs
import torch
from torch import Tensor

from spectralkit.data import Sample, decimate
from spectralkit.diffusion.denoiser import Condition, NetworkDenoiser
from spectralkit.diffusion.parameterization import Affine, EpsParameterization
from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.process import Process
from spectralkit.diffusion.schedule import LevelBatch, VPSchedule
from spectralkit.errors import ConfigurationError
from spectralkit.inversion.parts import Encoded, MoveSampler, MoveStep, Parts
from spectralkit.metric import MeanScore, check_images
from spectralkit.models.model import Model, PixelCodec
from spectralkit.plugins import DatasetSpec, MethodSpec, MetricSpec, ModelSpec, ParameterizationSpec, hookimpl
from spectralkit.testing.oracle import RandomNetwork

from torchmetrics import Metric  # isort: skip

ME = __name__


@hookimpl
def spectralkit_methods():
    return [
        MethodSpec(name="toy", target=f"{ME}:method", summary="a gentle push"),
        MethodSpec(name="toy-random", target=f"{ME}:random_method", summary="a jitter", stochastic=True),
        MethodSpec(name="toy-invertible", target=f"{ME}:method", summary="claims too much", invertible=True),
        MethodSpec(name="toy-trained", target=f"{ME}:method", summary="knows no pair", trained=True),
    ]


@hookimpl
def spectralkit_metrics():
    toy = {"target": f"{ME}:ToyMetric", "summary": "", "higher_is_better": True}
    return [
        MetricSpec(name="toy", inputs=("source", "generated"), **toy),
        MetricSpec(
            name="toy-best",
            target=f"{ME}:Likeness",
            summary="",
            inputs=("source", "generated"),
            higher_is_better=None,
            range=(0.0, 2.0),
            best=1.0,
        ),
        MetricSpec(name="toy-swapped", inputs=("generated", "source"), **toy),
        MetricSpec(
            name="toy-target", target=f"{ME}:Contrast", summary="", inputs=("generated",), higher_is_better=None
        ),
    ]


@hookimpl
def spectralkit_datasets():
    return [DatasetSpec(name="toy", target=f"{ME}:ToyData", training=f"{ME}:ToyTraining", summary="")]


@hookimpl
def spectralkit_models():
    return [
        ModelSpec(name="toy", target=f"{ME}:model", summary="", dataset="toy"),
        ModelSpec(name="toy-class", target=f"{ME}:class_model", summary="", dataset="toy"),
    ]


@hookimpl
def spectralkit_parameterizations():
    return [ParameterizationSpec(name="toy", target=f"{ME}:process", summary="")]


# --- methods ---


@attrs.frozen
class Push:
    defect: str

    def __call__(self, probe, base, here, there):
        context, push = probe.context, 0.01 * probe.prediction.eps
        if self.defect == "batch":
            push = push + 0.01 * base.mean(dim=0, keepdim=True)
        elif self.defect == "order":
            push = push + 0.01 * torch.arange(len(base)).view(-1, 1, 1, 1)
        elif self.defect == "noise":
            push = push + 0.01 * context.noise.normal("toy", base)
        elif self.defect == "global noise":
            push = push + 0.01 * torch.randn_like(base)
        elif self.defect == "uncounted":
            push = 0.01 * context.denoiser(probe.x, here, context.source).eps
        elif self.defect == "uncounted backward":
            x = probe.x.clone().requires_grad_()
            with torch.enable_grad():
                energy = context.predict(x, here, context.source, 1.0).eps.square().sum()
            push = 0.01 * torch.autograd.grad(energy, x)[0]
        elif self.defect == "in place":
            context.x0.add_(0.01)
        elif self.defect == "unexplained":
            context.meter.record("toy/push", push.flatten(1).norm(dim=1))
        elif self.defect == "overflow":
            push = push * float("inf")
        elif self.defect == "double":
            push = push.double()
        elif self.defect in ("base", "state", "prediction"):
            given = {"base": base, "state": probe.x, "prediction": probe.prediction.x0}
            given[self.defect].mul_(1.001)
        return push


@attrs.frozen
class SourceSampler(MoveSampler):
    def __call__(self, probe, here, there, state):
        return move(probe.context.predict(probe.x, here, probe.context.source, 1.0), there), None


@attrs.frozen(eq=False)
class Hiding(MoveStep):
    """Keeps what it carries on itself."""

    started: list = attrs.field(factory=list)

    def init(self, encoded, context):
        self.started.append(encoded.x)


@attrs.frozen(eq=False)
class Recalling(MoveSampler):
    step: Hiding

    def init(self, inversion, context):
        return inversion.latent + 0.1 * self.step.started[-1], None


@attrs.frozen
class Widen:
    def __call__(self, context):
        return Encoded(context.x0.float(), 0)


def method(defect: str = "") -> Parts:
    if defect == "no parts":
        return defect
    if defect == "target":
        return Parts(corrections=(Push(""),), sampler=SourceSampler())
    if defect == "hidden":
        step = Hiding()
        return Parts(step=step, corrections=(Push(""),), sampler=Recalling(step))
    if defect == "float32":
        return Parts(start=Widen(), corrections=(Push(""),))
    if defect == "refuses":
        return Parts(start=Refuse())
    return Parts(corrections=(Push(defect),))


@attrs.frozen
class Refuse:
    def __call__(self, context):
        raise ConfigurationError("never")


def random_method(defect: str = "noise") -> Parts:
    return method(defect)


# --- metrics ---


class ToyMetric(MeanScore):
    """1 - mean absolute error."""

    def __init__(self, defect: str = "") -> None:
        super().__init__()
        self.defect = defect
        self.seen = 0
        if defect == "shared":
            del self._defaults["alone"]

    @property
    def higher_is_better(self) -> bool | None:
        return None if self.defect == "undirected" else True

    def score(self, *, source: Tensor, generated: Tensor) -> Tensor:
        if self.defect == "hasty":
            self.count += 1
        if self.defect == "accepts NaN":
            source, generated = source.nan_to_num().clamp(0, 1), generated.nan_to_num().clamp(0, 1)
        if self.defect == "guesses the range":
            source, generated = (x / 255 if x.max() > 1 else x for x in (source, generated))
            source, generated = ((x + 1) / 2 if x.min() < 0 else x for x in (source, generated))
        if self.defect == "broadcasts":
            source, generated = torch.broadcast_tensors(source, generated)
        check_images("toy", source=source, generated=generated)
        if self.defect == "in place":
            generated.mul_(0.5)
        values = 1 - (source - generated).abs().flatten(1).mean(dim=1)
        if self.defect == "range":
            values = 100 * values
        elif self.defect == "batch":
            values = values - values.std(correction=0)
        elif self.defect == "order":
            values = values * torch.arange(self.seen + 1, self.seen + len(values) + 1) / 100
            self.seen += len(values)
        elif self.defect == "random":
            values = values * torch.rand(())
        elif self.defect == "direction":
            values = 1 - values
        return values

    def update(self, **inputs: Tensor) -> None:
        super().update(**inputs)
        if self.defect == "values":
            self.values = self.values.mean()

    def compute(self) -> Tensor:
        if self.defect == "empty" and self.count == 0:
            return torch.zeros(())
        score = super().compute()
        return score[None].expand(2) if self.defect == "no scalar" else score

    def reset(self) -> None:
        values = self.values
        if self.defect != "reset":
            super().reset()
        if self.defect == "remembers":
            self.values = values

    def _apply(self, fn, *rest):
        return Metric._apply(self, fn, *rest) if self.defect == "half" else super()._apply(fn, *rest)

    def details(self):
        return {"N": self.count} if self.defect == "details" else {"N": float(self.count)}


class Likeness(MeanScore):
    """1 where both are alike, beyond or below it where they differ."""

    def __init__(self, defect: str = "") -> None:
        super().__init__()
        self.offset = 0.02 if defect == "offset" else 0.0

    def score(self, *, source: Tensor, generated: Tensor) -> Tensor:
        check_images("toy-best", source=source, generated=generated)
        return 1 - self.offset + (source - generated).abs().flatten(1).mean(dim=1) / 10


class Contrast(MeanScore):
    """The standard deviation of the pixels; that of real images is right."""

    def score(self, *, generated: Tensor) -> Tensor:
        check_images("toy-target", generated=generated)
        return generated.flatten(1).std(dim=1)


# --- data sets ---

builds = count()


def crops(seed: int) -> Tensor:
    return torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


@attrs.frozen(eq=False)
class ToyData:
    defect: str = ""
    build: int = attrs.field(factory=lambda: next(builds), init=False)
    target: str = attrs.field(default="high", init=False)
    structure: str = attrs.field(default="rgb", init=False)

    @property
    def name(self) -> str:
        return "tony" if self.defect == "name" else "toy"

    @property
    def source(self) -> str:
        return "high" if self.defect == "conditions" else "low"

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3, 16, 8) if self.defect == "shape" else (3, 16, 16)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Sample:
        if self.defect == "endless":
            index %= 4
        if not 0 <= index < 4:
            raise IndexError(index)
        reference = crops(self.build if self.defect == "random build" else 0)[index]
        if self.defect == "random read":
            reference = torch.rand_like(reference)
        if self.defect == "range":
            reference = 2 * reference - 1
        if self.defect == "precision":
            reference = reference.double()
        name = "same" if self.defect == "ids" else f"s{index}"
        return Sample(name, decimate(reference, 4), None if self.defect == "references" and index else reference)

    def sources(self) -> Iterator[Tensor]:
        return (decimate(crop, 4) for crop in crops(1))

    def targets(self) -> Iterator[Tensor]:
        if self.defect == "no targets":
            return iter(())
        return iter(crops(0) if self.defect == "leak" else crops(2))


@attrs.frozen
class ToyTraining:
    conditions: tuple[str, ...] = ("low", "high")

    @property
    def digest(self) -> str:
        return hashlib.sha256(crops(2).numpy().tobytes()).hexdigest()

    def draw(self, domains, size: int, generator: torch.Generator) -> Tensor:
        drawn = torch.rand(len(domains), 3, size, size, generator=generator)
        return torch.stack([crop if i else decimate(crop, 4) for i, crop in zip(domains, drawn, strict=True)])


# --- models ---


class Deaf(Model):
    def condition(self, name: str) -> Condition:
        return Condition(next(iter(self.conditions.values())), self.null)


@attrs.frozen
class OpenCodec(PixelCodec):
    def decode(self, x: Tensor) -> Tensor:
        return (x + 1) / 2


@attrs.frozen
class BatchCodec(PixelCodec):
    def encode(self, images, noise):
        return 2 * images - 1 + images.mean(dim=0, keepdim=True) * 0.01


@attrs.frozen(eq=False)
class Faulty:
    """A denoiser with a defect."""

    inner: NetworkDenoiser
    defect: str

    def __call__(self, x, level, condition, guidance=1.0):
        if self.defect == "guidance":
            guidance = min(guidance, 1.0)
        if self.defect == "ignores conditions":
            condition = Condition(condition.null, condition.null)
        prediction = self.inner(x, level, condition, guidance)
        if self.defect == "inconsistent":
            return Prediction(prediction.x0 + 0.1, prediction.eps)
        if self.defect in ("one channel", "one row"):
            one = (slice(1),) if self.defect == "one row" else (slice(None), slice(1))
            return Prediction(prediction.x0[one], prediction.eps[one])
        if self.defect == "dropout":
            x0 = prediction.x0 * (torch.rand_like(x) > 0.1)
            return Prediction(x0, (x - level.alpha * x0) / level.sigma)
        if self.defect == "batch norm":
            x0 = prediction.x0 - prediction.x0.mean()
            return Prediction(x0, (x - level.alpha * x0) / level.sigma)
        return Prediction(prediction.x0.detach(), prediction.eps.detach()) if self.defect == "detached" else prediction

    def to(self, device=None, dtype=None):
        return self


class GreyNetwork(RandomNetwork):
    def forward(self, x, label, embedding):
        return super().forward(x, label, embedding)[:, :1]


class ClassNetwork(RandomNetwork):
    """Told an integer class."""

    def forward(self, x, label, embedding):
        return super().forward(x, label, torch.eye(3)[embedding])


def class_model() -> Model:
    classes = torch.arange(3)[:, None]
    return attrs.evolve(
        model(),
        denoiser=NetworkDenoiser(ClassNetwork(0), EpsParameterization(), torch.float64),
        conditions={"low": classes[0], "high": classes[1]},
        null=classes[2],
    )


def model(defect: str = "") -> Model:
    network = (GreyNetwork if defect == "grey network" else RandomNetwork)(0, classes=3)
    network.requires_grad_(defect == "thawed")
    rows = torch.eye(3)
    if defect == "same embeddings":
        rows[1] = rows[0]
    codec = {"open codec": OpenCodec(), "batch codec": BatchCodec()}.get(defect, PixelCodec())
    shape = (3, 32, 32) if defect == "shape" else (3, 16, 16)
    return (Deaf if defect == "names" else Model)(
        name="toy",
        denoiser=Faulty(NetworkDenoiser(network, EpsParameterization(), torch.float64), defect),
        schedule=VPSchedule(),
        codec=codec,
        conditions={"low": rows[0:1], "other" if defect == "conditions" else "high": rows[1:2]},
        null=rows[2:3],
        shape=shape,
        dataset="toys" if defect == "dataset" else "toy",
    )


# --- parameterizations ---


@attrs.frozen
class Meaning(EpsParameterization):
    defect: str = ""

    def affine(self, alpha, sigma):
        right = super().affine(alpha, sigma)
        if self.defect == "sign":
            return Affine(right.p, sigma / alpha, right.p_eps, right.q_eps)
        if self.defect == "scalars only":
            return Affine(
                1 / float(torch.as_tensor(alpha).mean()) + (0 if isinstance(alpha, float) else 1), right.q, 0.0, 1.0
            )
        return right

    def input_scale(self, alpha, sigma):
        return 0.0 if self.defect == "scale" else 1.0

    def target(self, x0, eps, alpha, sigma):
        return x0 if self.defect == "target" else eps


@attrs.frozen
class Times(VPSchedule):
    defect: str = ""

    def levels(self, steps: int):
        if self.defect == "no steps" and steps == 0:
            return ()
        levels = super().levels(steps)
        return levels[::-1] if self.defect == "downhill" else levels[:-1] if self.defect == "short" else levels

    def draw(self, batch: int, generator: torch.Generator) -> LevelBatch:
        return super().draw(batch, torch.Generator() if self.defect == "draw" else generator)


def process(defect: str = "") -> Process:
    return Process(Times(defect=defect), Meaning(defect))
