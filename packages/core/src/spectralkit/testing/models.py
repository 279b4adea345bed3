"""Laws of models: codec, conditions, schedule and a denoiser that is what it claims to be."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from itertools import combinations
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit import api
from spectralkit.data import TranslationDataset
from spectralkit.diffusion.denoiser import Condition
from spectralkit.diffusion.prediction import Prediction, move
from spectralkit.diffusion.schedule import Level
from spectralkit.errors import ConfigurationError, UnknownNameError
from spectralkit.inversion.noise import Noise
from spectralkit.models.model import Model
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import ModelSpec
from spectralkit.testing.law import Kit, Law, demand, demand_close, demand_finite, demand_refusal, law, natural_images
from spectralkit.testing.parameterizations import demand_climb

BATCH = 2


@attrs.define(slots=False)
class Subject:
    """A model, and what the data set it was trained on or fitted to is built with."""

    spec: ModelSpec
    model: Model
    data: Mapping[str, Any]

    @cached_property
    def dataset(self) -> TranslationDataset:
        """What the model says it was trained on or fitted to."""
        return api.load_dataset(self.spec.dataset, **self.data)

    @property
    def noise(self) -> Noise:
        """Noise for a batch."""
        return Noise(0, [f"s{i}" for i in range(BATCH)])

    def images(self, seed: int) -> Tensor:
        """(B, C, H, W) in [0, 1], of the model's shape."""
        return natural_images(seed, BATCH, self.model.shape)

    def states(self, seed: int) -> list[tuple[Level, Tensor]]:
        """Noised images at a low, a middle and the highest level."""
        x0 = self.model.codec.encode(self.images(seed), self.noise)
        eps = self.noise.normal("states", x0)
        levels = self.model.schedule.levels(10)
        return [(level, level.alpha * x0 + level.sigma * eps) for level in (levels[1], levels[5], levels[10])]

    def predict(self, x: Tensor, level: Level, name: str, guidance: float = 1.0) -> Prediction:
        """The prediction under the condition called ``name``."""
        with torch.no_grad():
            return self.model.denoiser(x, level, self.model.condition(name), guidance)


def prepare(spec: ModelSpec, parameters: dict[str, Any]) -> Subject:
    """Load the model, fitted to its data set where it is to be fitted."""
    given = dict(parameters)
    data = given.pop("dataset", {})
    dataset = api.load_dataset(spec.dataset, **data) if spec.fitted else None
    return Subject(spec, api.load_model(spec.name, dataset=dataset, **given), data)


def stacked(prediction: Prediction) -> Tensor:
    """Both halves in one tensor."""
    return torch.cat((prediction.x0, prediction.eps))


@law(examples=1)
def describes_itself(subject: Subject, seed: int) -> None:
    """Shape, data set and at least two conditions are named."""
    model = subject.model
    demand(len(model.shape) == 3 and min(model.shape) > 0, f"its shape is {model.shape}, expected (C, H, W)")
    demand(subject.spec.shape in (None, model.shape), f"its shape is {model.shape}, not {subject.spec.shape}")
    demand(model.dataset == subject.spec.dataset, f"it names the data {model.dataset!r}, not {subject.spec.dataset!r}")
    demand(len(model.conditions) > 1, f"it has the conditions {list(model.conditions)}, two are needed to translate")


@law(examples=1)
def fits_its_data(subject: Subject, seed: int) -> None:
    """The data set it was trained on has its shape, and its conditions."""
    if subject.spec.dataset not in registry().names("dataset"):
        return  # not installed: nothing to compare with
    dataset = subject.dataset
    demand(dataset.shape == subject.model.shape, f"the model takes {subject.model.shape}, its data are {dataset.shape}")
    for name in (dataset.source, dataset.target):
        demand(name in subject.model.conditions, f"it does not know the condition {name!r} of its data")


@law(examples=1)
def knows_its_conditions(subject: Subject, seed: int) -> None:
    """Conditions, and the null if any, have embeddings (1, ...) of one shape, no two alike; other names are refused."""
    model = subject.model
    embeddings = {**model.conditions, **({} if model.null is None else {"no condition": model.null})}
    first = next(iter(embeddings.values()))
    for name, embedding in embeddings.items():
        demand(len(embedding) == 1, f"the embedding of {name!r} is {tuple(embedding.shape)}, expected (1, ...)")
        demand(embedding.shape == first.shape, f"the embedding of {name!r} is shaped unlike the others")
        demand_finite(embedding, f"the embedding of {name!r}")
        alike = [other for other in embeddings if other != name and torch.equal(embeddings[other], embedding)]
        demand(not alike, f"{name!r} and {alike[:1]} have the same embedding")
    for name in model.conditions:
        condition = model.condition(name)
        demand(torch.equal(condition.embedding, model.conditions[name]), f"condition({name!r}) is another one's")
    demand_refusal(UnknownNameError, lambda: model.condition("no such condition"), "an unknown condition")


@law(examples=1)
def codes_images(subject: Subject, seed: int) -> None:
    """encode gives finite numbers sample by sample; decode gives images in [0, 1], whatever it is given."""
    images, codec = subject.images(seed), subject.model.codec
    before = images.clone()
    x = codec.encode(images, subject.noise)
    demand(len(x) == BATCH and x.ndim == 4, f"encode gives {tuple(x.shape)} for {tuple(images.shape)}")
    demand_finite(x, "an encoded image")
    demand(torch.equal(images, before), "encode writes to its input")
    alone = codec.encode(images[1:], subject.noise.select(torch.tensor([1])))
    demand_close(alone, x[1:], "a sample encoded alone and in its batch", 1e-4)
    for state in (x, 10 * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))):
        decoded = codec.decode(state)
        demand(decoded.shape == images.shape, f"decode gives {tuple(decoded.shape)} for images {tuple(images.shape)}")
        demand_finite(decoded, "a decoded image")
        demand(float(decoded.min()) >= 0 and float(decoded.max()) <= 1, "a decoded image leaves [0, 1]")
    error = float((codec.decode(x) - images).abs().mean())
    demand(error < 0.1, f"decode undoes encode only to a mean error of {error:.3g}")


@law(examples=1)
def has_a_climbing_schedule(subject: Subject, seed: int) -> None:
    """Levels run from clean to noisy."""
    demand_climb(subject.model.schedule)


@law(examples=1)
def predicts(subject: Subject, seed: int) -> None:
    """Predictions are finite, of the state's shape, and consistent: x = alpha x0_hat + sigma eps_hat."""
    for level, x in subject.states(seed):
        for name in subject.model.conditions:
            prediction = subject.predict(x, level, name)
            for half in (prediction.x0, prediction.eps):
                demand(half.shape == x.shape, f"{level}: predicts {tuple(half.shape)} at {tuple(x.shape)}")
                demand_finite(half, f"{level}: a prediction under {name!r}")
            # float32, with terms up to 1 / alpha or 1 / sigma times larger than x.
            size = max(1.0, float(stacked(prediction).abs().max()))
            demand_close(move(prediction, level), x, f"{level}: x and its reconstruction", 1e-5 * size)


@law(examples=1)
def is_deterministic(subject: Subject, seed: int) -> None:
    """Two evaluations are equal bit by bit: no dropout, no hidden noise."""
    name = next(iter(subject.model.conditions))
    for level, x in subject.states(seed):
        first, again = (stacked(subject.predict(x, level, name)) for _ in range(2))
        demand(torch.equal(first, again), f"{level}: two evaluations differ")


@law(examples=1)
def listens_to_its_conditions(subject: Subject, seed: int) -> None:
    """Every condition gives another prediction than every other at some level."""
    states = subject.states(seed)
    heard = {
        name: torch.cat([subject.predict(x, level, name).x0.flatten() for level, x in states])
        for name in subject.model.conditions
    }
    for a, b in combinations(heard, 2):
        demand(not torch.equal(heard[a], heard[b]), f"{a!r} and {b!r} give the same predictions")


@law(examples=1)
def is_guided_affinely(subject: Subject, seed: int) -> None:
    """Guidance w gives null + w (conditional - null), 1 is conditional and 0 unconditional; no null, no guidance."""
    name = next(iter(subject.model.conditions))
    if subject.model.null is None:
        level, x = subject.states(seed)[0]
        demand_refusal(
            ConfigurationError, lambda: subject.predict(x, level, name, 3.0), "guidance without a null class"
        )
        return
    for level, x in subject.states(seed):
        null, conditional, guided = (stacked(subject.predict(x, level, name, w)) for w in (0.0, 1.0, 3.0))
        demand_close(guided, null + 3 * (conditional - null), f"{level}: guidance 3", 1e-4)


@law(examples=1)
def is_independent_of_the_batch(subject: Subject, seed: int) -> None:
    """A sample's prediction is the same alone and in its batch, to float32."""
    name = next(iter(subject.model.conditions))
    for level, x in subject.states(seed):
        whole, alone = subject.predict(x, level, name), subject.predict(x[1:], level, name)
        demand_close(alone.x0, whole.x0[1:], f"{level}: x0_hat alone and in its batch", 1e-4)
        demand_close(alone.eps, whole.eps[1:], f"{level}: eps_hat alone and in its batch", 1e-4)


@law(examples=1)
def can_be_differentiated(subject: Subject, seed: int) -> None:
    """Gradients flow to the state, to the condition where it is no integer class, and to nothing else."""
    level, x = subject.states(seed)[1]
    name = next(iter(subject.model.conditions))
    condition = subject.model.condition(name)
    frozen = subject.model.denoiser(x, level, condition)
    demand(not stacked(frozen).requires_grad, "weights or embeddings are not frozen")
    embedding = condition.embedding.clone()
    points = {"state": x.clone().requires_grad_()}
    if embedding.is_floating_point():
        points["condition"] = embedding.requires_grad_()
    prediction = subject.model.denoiser(points["state"], level, Condition(embedding, condition.null))
    demand(stacked(prediction).requires_grad, f"the prediction is cut off from {' and '.join(points)}")
    gradients = torch.autograd.grad(stacked(prediction).square().mean(), tuple(points.values()))
    for told, gradient in zip(points, gradients, strict=True):
        demand_finite(gradient, f"the gradient of the {told}")
        demand(bool((gradient != 0).any()), f"the gradient of the {told} is zero")


@law(examples=1)
def moves_to_a_device(subject: Subject, seed: int) -> None:
    """A model moved to the device it is on is the same model there; moving changes nothing of the one moved from."""
    moved = subject.model.to(subject.model.device)
    demand(moved.device == subject.model.device, f"it is on {moved.device}, asked for {subject.model.device}")
    level, x = subject.states(seed)[1]
    name = next(iter(moved.conditions))
    before = subject.predict(x, level, name).x0
    there = Subject(subject.spec, moved, subject.data).predict(x, level, name)
    demand(torch.equal(there.x0, before), "moved, it predicts something else")
    with suppress(ConfigurationError):  # a model without a network has no other precision
        subject.model.to(dtype=torch.bfloat16)
    demand(torch.equal(subject.predict(x, level, name).x0, before), "a copy in another precision changed the original")


def laws(spec: ModelSpec) -> tuple[Law[Subject], ...]:
    """What every model obeys."""
    return (
        describes_itself,
        fits_its_data,
        knows_its_conditions,
        codes_images,
        has_a_climbing_schedule,
        predicts,
        is_deterministic,
        listens_to_its_conditions,
        is_guided_affinely,
        is_independent_of_the_batch,
        can_be_differentiated,
        moves_to_a_device,
    )


KIT = Kit(prepare, laws)
