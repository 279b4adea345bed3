"""What is promised of the checkpoints that a package carries in ``checkpoints/``, beyond the laws of every model."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import attrs
import torch
from torch import Tensor

from spectralkit import api
from spectralkit.data import TrainingSet
from spectralkit.diffusion.schedule import Level
from spectralkit.inversion.noise import Noise
from spectralkit.models.card import Card, read_card
from spectralkit.models.checkpoint import NETWORKS
from spectralkit.models.directory import CARD
from spectralkit.models.model import Model
from spectralkit.plugins.registry import registry
from spectralkit.plugins.training import build_training
from spectralkit.testing.law import Law, demand, demand_finite, law, natural_images

FILES = {CARD, "README.md", "train.toml", "model_index.json", "scheduler", "vae", *NETWORKS}
"""What is carried of a training's directory: what is read, and what says how it was made."""

FACTS = {"data_sha256", "seed", "steps", "seconds", "machine", "versions"}
LARGEST = 10_000_000
"""Bytes of a file of weights."""

COUNT = 8
"""Held-out images that are looked at."""


@attrs.define(slots=False)
class Shipped:
    """A checkpoint, and the registered model that is made of it."""

    directory: Path

    @cached_property
    def card(self) -> Card:
        """What it says of itself."""
        return read_card(self.directory)

    @cached_property
    def model(self) -> Model:
        """The registered model of its name."""
        return api.load_model(self.directory.name)

    @property
    def data_are_here(self) -> bool:
        """Whether the data set that it was trained on is installed."""
        return self.card.dataset in registry().names("dataset")

    @property
    def settings(self) -> dict[str, Any]:
        """Parameters of its data set, as they were given to its training."""
        return cast(dict[str, Any], self.card.training["settings"].get("dataset", {}))


@law(examples=1)
def carries_what_is_read(subject: Shipped, seed: int) -> None:
    """No state of the training, no log and no picture lies beside the networks, the card and what made them."""
    extra = {path.name for path in subject.directory.iterdir()} - FILES
    demand(not extra, f"it carries {', '.join(sorted(extra))}")


@law(examples=1)
def says_what_made_it(subject: Shipped, seed: int) -> None:
    """The card holds configuration, digests, duration, machine and versions of the training that made the model."""
    facts = FACTS if subject.card.latent is None else {*FACTS, "autoencoder_sha256"}
    missing = facts - subject.card.training.keys()
    demand(not missing, f"its card lacks {', '.join(sorted(missing))}")
    demand(subject.model.provenance["training"] == subject.card.training, "another model is registered by its name")
    title = (subject.directory / "README.md").read_text(encoding="utf-8").splitlines()[0]
    demand(title == "# A model trained by `spectralkit train`", f"its README begins {title!r}")


@law(examples=1)
def was_trained_on_the_data_as_they_are(subject: Shipped, seed: int) -> None:
    """Its conditions are its data set's domains, its digest that of the training pixels, so that none is held out."""
    if not subject.data_are_here:
        return  # nothing to compare with
    data = cast(TrainingSet, build_training(subject.card.dataset, subject.settings))
    conditions = subject.card.conditions
    demand(conditions == data.conditions, f"it knows {', '.join(conditions)}, its data {', '.join(data.conditions)}")
    digest = subject.card.training["data_sha256"]
    demand(digest == data.digest, f"it was trained on {digest[:16]}…, the data are {data.digest[:16]}…")


@law(examples=1)
def is_small(subject: Shipped, seed: int) -> None:
    """Weights are in half precision, no file of them exceeds 10 MB."""
    from safetensors import safe_open

    for path in subject.directory.rglob("*.safetensors"):
        size = path.stat().st_size
        demand(size <= LARGEST, f"{path.name} holds {size} bytes")
        with safe_open(path, framework="pt") as file:
            kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        demand(kinds == {"F16"}, f"{path.name} holds weights of {', '.join(sorted(kinds))}")


@law(examples=1)
def takes_the_sizes_that_it_claims(subject: Shipped, seed: int) -> None:
    """Images of twice its sides are translated where its card names a multiple, and refused where it names none."""
    model = subject.model
    channels, height, width = model.shape
    shape = (channels, 2 * height, 2 * width)
    demand(model.takes(shape) == (subject.card.multiple is not None), f"its card claims otherwise of {shape}")
    if model.takes(shape):
        source, target = subject.card.conditions[0], subject.card.conditions[-1]
        images = natural_images(seed, 1, shape)
        out = api.translate(model, api.load_method("standard"), images, source=source, target=target, steps=2)
        demand(out.images.shape == images.shape, f"it gives {tuple(out.images.shape)} for {tuple(images.shape)}")
        demand_finite(out.images, "a translation of twice the sides")


@law(examples=1)
def denoises_what_it_has_not_seen(subject: Shipped, seed: int) -> None:
    """Held-out images, half of them noise, are brought nearer than by the best factor, most under their own condition.

    The best factor, applied to an image about its mean, leaves half of the variance where signal and noise are equal.
    """
    if not subject.data_are_here:
        return  # nothing to look at
    data = api.load_dataset(subject.card.dataset, **subject.settings)
    samples = [data[i] for i in range(COUNT)]
    targets = [sample.reference for sample in samples if sample.reference is not None]
    for images, own, other in (
        ([sample.source for sample in samples], data.source, data.target),
        (targets, data.target, data.source),
    ):
        error, elsewhere = (_error(subject.model, torch.stack(images), name, seed) for name in (own, other))
        demand(error < 0.5, f"of images of {own!r} it leaves {error:.3f} of the variance")
        demand(error < elsewhere, f"images of {own!r} are {own!r} to {error:.3f} and {other!r} to {elsewhere:.3f}")


def _error(model: Model, images: Tensor, condition: str, seed: int) -> float:
    """What denoising leaves of the variance, where signal and noise are equal."""
    noise = Noise(seed, [str(i) for i in range(len(images))])
    x0 = model.codec.encode(images, noise)
    spread = float(x0.var(dim=(0, 2, 3)).mean().sqrt())

    def imbalance(level: Level) -> float:
        return abs(math.log(level.alpha * spread / level.sigma))

    level = min(model.schedule.levels(50)[1:], key=imbalance)
    x = level.alpha * x0 + level.sigma * noise.normal("states", x0)
    with torch.no_grad():
        found = model.denoiser(x, level, model.condition(condition)).x0
    return float((found - x0).square().mean()) / spread**2


LAWS = (
    carries_what_is_read,
    says_what_made_it,
    was_trained_on_the_data_as_they_are,
    is_small,
    takes_the_sizes_that_it_claims,
    denoises_what_it_has_not_seen,
)


def shipped(package: str, name: str) -> Callable[..., None]:
    """A pytest test of the checkpoint that ``package`` carries as ``checkpoints/name``: one case a law."""
    import pytest

    subject = Shipped(Path(str(files(package))) / "checkpoints" / name)

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
    def test(law: Law[Shipped]) -> None:
        law.verify(subject, 0)

    return cast(Callable[..., None], test)
