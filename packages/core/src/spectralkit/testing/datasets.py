"""Laws of data sets for translation, and of their training sets."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import islice
from typing import Any, cast, get_args

import attrs
import torch
from torch import Tensor

from spectralkit.data import Sample, Structure, TrainingSet, TranslationDataset
from spectralkit.errors import ConfigurationError
from spectralkit.plugins.registry import registry
from spectralkit.plugins.specs import DatasetSpec
from spectralkit.plugins.training import build_training
from spectralkit.testing.law import Kit, Law, demand, demand_finite, law

LOOK = 12
"""How many samples and training images are looked at."""


@attrs.define(slots=False)
class Subject:
    """A data set, with what it takes to build it again."""

    spec: DatasetSpec
    parameters: dict[str, Any]

    def build(self) -> TranslationDataset:
        """A fresh instance."""
        return cast(TranslationDataset, registry().build("dataset", self.spec.name, **self.parameters))

    @cached_property
    def dataset(self) -> TranslationDataset:
        """One instance."""
        return self.build()

    @property
    def samples(self) -> list[Sample]:
        """Some samples, spread over the whole."""
        count = len(self.dataset)
        return [self.dataset[i] for i in sorted({i * (count - 1) // LOOK for i in range(LOOK + 1)})]

    def training(self) -> TrainingSet:
        """The training set that the spec names, built with those of the data set's parameters that it takes."""
        return cast(TrainingSet, build_training(self.spec.name, self.parameters))


def prepare(spec: DatasetSpec, parameters: dict[str, Any]) -> Subject:
    """Build the data set once."""
    subject = Subject(spec, parameters)
    demand(len(subject.dataset) > 0, "the data set is empty")
    return subject


def demand_image(image: Tensor, shape: tuple[int, ...], told: str) -> None:
    """Demand a finite float32 image of ``shape`` in [0, 1]."""
    demand(tuple(image.shape) == tuple(shape), f"{told} is {tuple(image.shape)}, the data set says {tuple(shape)}")
    demand(image.dtype == torch.float32, f"{told} is {image.dtype}, expected torch.float32")
    demand_finite(image, told)
    low, high = float(image.min()), float(image.max())
    demand(low >= 0 and high <= 1, f"{told} lies in [{low:.4g}, {high:.4g}], expected [0, 1]")


@law(examples=1)
def describes_itself(subject: Subject, seed: int) -> None:
    """Name, conditions, shape and structure are what the contract asks for."""
    dataset = subject.dataset
    demand(dataset.name == subject.spec.name, f"it calls itself {dataset.name!r}, its plugin {subject.spec.name!r}")
    demand(bool(dataset.source) and bool(dataset.target), "a condition has no name")
    demand(dataset.source != dataset.target, f"source and target are both called {dataset.source!r}")
    demand(len(dataset.shape) == 3 and min(dataset.shape) > 0, f"its shape is {dataset.shape}, expected (C, H, W)")
    demand(dataset.structure in get_args(Structure), f"its structure is {dataset.structure!r}")


@law(examples=1)
def holds_images(subject: Subject, seed: int) -> None:
    """Sources and references are finite float32 images of the declared shape in [0, 1]."""
    shape = subject.dataset.shape
    for sample in subject.samples:
        demand_image(sample.source, shape, f"the source of {sample.id!r}")
        if sample.reference is not None:
            demand_image(sample.reference, shape, f"the reference of {sample.id!r}")
    given = {sample.reference is not None for sample in subject.samples}
    demand(len(given) == 1, "some samples have a reference and some have not")


@law(examples=1)
def has_unique_ids(subject: Subject, seed: int) -> None:
    """Ids are non-empty strings, no two alike: they key the noise and name the files."""
    ids = [subject.dataset[i].id for i in range(min(len(subject.dataset), 256))]
    demand(all(isinstance(name, str) and name for name in ids), "an id is no non-empty string")
    twice = sorted({name for name in ids if ids.count(name) > 1})
    demand(not twice, f"ids appear twice: {', '.join(twice[:3])}")


@law(examples=1)
def is_deterministic(subject: Subject, seed: int) -> None:
    """Reading again, and building again, gives the same samples bit by bit, whatever the global generator."""
    torch.randn(1)
    again = Subject(subject.spec, subject.parameters)
    for told, others in (("read again", subject.samples), ("built again", again.samples)):
        for sample, other in zip(subject.samples, others, strict=True):
            demand(sample.id == other.id, f"{told}, sample {sample.id!r} is called {other.id!r}")
            demand(torch.equal(sample.source, other.source), f"{told}, the source of {sample.id!r} differs")
            if sample.reference is not None and other.reference is not None:
                demand(
                    torch.equal(sample.reference, other.reference), f"{told}, the reference of {sample.id!r} differs"
                )


@law(examples=1)
def ends_where_it_says(subject: Subject, seed: int) -> None:
    """An index beyond its length raises IndexError."""
    try:
        subject.dataset[len(subject.dataset)]
    except IndexError:
        return
    demand(False, f"index {len(subject.dataset)} of {len(subject.dataset)} samples was answered")


@law(examples=1)
def has_training_images(subject: Subject, seed: int) -> None:
    """sources() and targets() give images of the declared shape, the same each time they are called."""
    dataset = subject.dataset
    for name, stream in (("sources", dataset.sources), ("targets", dataset.targets)):
        images, again = list(islice(stream(), LOOK)), list(islice(stream(), LOOK))
        demand(bool(images), f"{name}() is empty")
        for image in images:
            demand_image(image, dataset.shape, f"an image of {name}()")
        same = all(torch.equal(a, b) for a, b in zip(images, again, strict=True))
        demand(same, f"{name}() gives other images the second time")


@law(examples=1)
def keeps_its_references_apart(subject: Subject, seed: int) -> None:
    """No training image of the target domain is the reference of a sample."""
    references = [sample.reference for sample in subject.samples if sample.reference is not None]
    for image in subject.dataset.targets():
        demand(not any(torch.equal(image, other) for other in references), "a reference is among the training images")


@law()
def draws_training_images(subject: Subject, seed: int) -> None:
    """The training set draws images in [0, 1] of the domains asked for, reproducibly by its generator."""
    training, size = subject.training(), subject.dataset.shape[-1]
    for name in (subject.dataset.source, subject.dataset.target):
        demand(name in training.conditions, f"the training set has no domain {name!r}")
    domains = list(range(len(training.conditions))) * 2
    a, b = (training.draw(domains, size, torch.Generator().manual_seed(seed)) for _ in range(2))
    demand_image(a, (len(domains), subject.dataset.shape[0], size, size), "a drawn batch")
    demand(torch.equal(a, b), "two draws with one generator state differ")
    other = training.draw(domains, size, torch.Generator().manual_seed(seed + 1))
    demand(not torch.equal(a, other), "the generator has no influence")


@law(examples=1)
def has_a_digest(subject: Subject, seed: int) -> None:
    """The digest of the training pixels is SHA-256 in hexadecimal, and stable."""
    digests = [subject.training().digest for _ in range(2)]
    demand(digests[0] == digests[1], "the digest changes")
    demand(re.fullmatch(r"[0-9a-f]{64}", digests[0]) is not None, f"{digests[0]!r} is no SHA-256 digest")


@law(examples=1)
def refuses_unknown_parameters(subject: Subject, seed: int) -> None:
    """A parameter that does not exist is refused."""
    try:
        registry().build("dataset", subject.spec.name, **subject.parameters, no_such_parameter=1)
    except ConfigurationError:
        return
    demand(False, "the parameter no_such_parameter was accepted")


def laws(spec: DatasetSpec) -> tuple[Law[Subject], ...]:
    """What a data set obeys, with or without a training set."""
    return (
        describes_itself,
        holds_images,
        has_unique_ids,
        is_deterministic,
        ends_where_it_says,
        has_training_images,
        keeps_its_references_apart,
        *((draws_training_images, has_a_digest) if spec.training else ()),
        refuses_unknown_parameters,
    )


KIT = Kit(prepare, laws)
