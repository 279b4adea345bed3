"""Things that show two domains, shared out so that nothing is paired: a data set and its training data in one.

A thing is whatever a picture is made of: a field of a microscope, a file with two pictures side by side, a face with
its masks. Held-out things are samples and show both domains; every other thing shows one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

import attrs
import torch
from torch import Tensor

from spectralkit.data import Sample, Structure
from spectralkit.errors import ConfigurationError, HeldOutError
from spectralkit.pictures.dividing import Division
from spectralkit.pictures.views import View, drawn, middle

T = TypeVar("T")
Thing_contra = TypeVar("Thing_contra", contravariant=True)

SOURCE, TARGET = 0, 1


class Scenes(Protocol[Thing_contra]):
    """What a data set knows of its things."""

    @property
    def recipe(self) -> str:
        """How pictures become images, for the digest."""
        ...

    def id(self, thing: Thing_contra) -> str:
        """Its name, which no other has."""
        ...

    def content(self, thing: Thing_contra) -> str:
        """SHA-256 of its files."""
        ...

    def view(self, thing: Thing_contra, domain: int, side: int) -> View:
        """What it shows in a domain, to be cut into images of ``side``."""
        ...


@attrs.frozen(eq=False)
class Unpaired(Generic[T]):
    """A :class:`spectralkit.data.TranslationDataset`, and a :class:`spectralkit.data.TrainingSet`.

    Args:
        name: The data set's registered name.
        source: Condition of the sources.
        target: Condition of the targets.
        structure: How structure is compared.
        shape: (C, H, W) of its images, H equal to W.
        scenes: What is known of its things.
        division: Who shows what.
        compared: Training images of each domain that metrics compare with, at the most.
        rotate: Whether training images are turned by quarters too; they are mirrored in any case.

    Raises:
        ConfigurationError: If ``compared`` is below 1.
    """

    name: str
    source: str
    target: str
    structure: Structure
    shape: tuple[int, int, int]
    scenes: Scenes[T]
    division: Division[T]
    compared: int
    rotate: bool

    def __attrs_post_init__(self) -> None:
        if self.compared < 1:
            raise ConfigurationError(f"compared must be at least 1, got {self.compared}")

    @property
    def conditions(self) -> tuple[str, str]:
        """The source's and the target's."""
        return (self.source, self.target)

    def __len__(self) -> int:
        return len(self.division.samples)

    def __getitem__(self, index: int) -> Sample:
        if not 0 <= index < len(self):
            raise IndexError(index)
        thing = self.division.samples[index]
        return Sample(self.scenes.id(thing), self._middle(thing, SOURCE), self._middle(thing, TARGET))

    def sources(self) -> Iterator[Tensor]:
        return (self._middle(thing, SOURCE) for thing in spread(self._trained[SOURCE], self.compared))

    def targets(self) -> Iterator[Tensor]:
        return (self._middle(thing, TARGET) for thing in spread(self._trained[TARGET], self.compared))

    @property
    def digest(self) -> str:
        """SHA-256 of the trained things' contents, domain by domain, and of how they are read."""
        found = hashlib.sha256(self.scenes.recipe.encode())
        for things in self._trained:
            found.update("".join([*sorted(map(self.scenes.content, things)), ";"]).encode())
        return found.hexdigest()

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        """As :meth:`spectralkit.data.TrainingSet.draw`.

        Raises:
            DataError: If a picture is smaller than ``size``, or cannot be read any more.
        """
        return torch.stack([self._drawn(domain, size, generator) for domain in domains])

    def _middle(self, thing: T, domain: int) -> Tensor:
        return middle(self.scenes.view(thing, domain, self.shape[-1]), self.shape[-1])

    def _drawn(self, domain: int, size: int, generator: torch.Generator) -> Tensor:
        things = self._trained[domain]
        thing = things[int(torch.randint(len(things), (), generator=generator))]
        return drawn(self.scenes.view(thing, domain, size), size, generator, rotate=self.rotate)

    @property
    def _trained(self) -> tuple[Sequence[T], Sequence[T]]:
        found = (self.division.source, self.division.target)
        if not all(found):
            raise HeldOutError(
                f"data set {self.name} has nothing to train on in one of its domains: hold out less of it"
            )
        return found


def spread(things: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly over the whole."""
    count = min(most, len(things))
    return [things[i * len(things) // count] for i in range(count)]
