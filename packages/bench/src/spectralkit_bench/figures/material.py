"""What figures are drawn from: finished runs, and what is made of them anew where they did not keep it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import attrs
import torch
from torch import Tensor

from spectralkit import api
from spectralkit.data import Sample
from spectralkit.errors import DataError
from spectralkit.metric import Score
from spectralkit.models.result import Inverted
from spectralkit.plugins.registered import blaming
from spectralkit.plugins.text import times
from spectralkit.running.assembly import assemble_unscored
from spectralkit.running.picture import read_image
from spectralkit_bench.figures.naming import data_of, labels, setting_of
from spectralkit_bench.finished import LATENTS, Finished


@attrs.frozen(eq=False)
class Subject:
    """A run that is drawn.

    Args:
        run: The run.
        label: What it is called in legends; runs that differ in nothing but their seed have one label.
        rank: Of its label among those of all runs, which its colour follows.
        few: How many samples pictures show, and are inverted again, at most.
    """

    run: Finished
    label: str
    rank: int
    few: int

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the first few samples."""
        return self.run.ids[: self.few]

    @cached_property
    def samples(self) -> list[Sample]:
        """The first few."""
        return list(self.run.samples(self.ids))

    def generated(self, identifier: str) -> Tensor:
        """A translated image, (C, H, W) in [0, 1].

        Raises:
            DataError: If it cannot be read, or is not of the data set's shape.
        """
        shape = self.run.dataset.shape
        image = read_image(self.run.image(identifier), shape[0])
        if image.shape != shape:
            raise DataError(
                f"data set '{self.run.config.dataset}' is not what {self.run.directory} was run on: its images are "
                f"{times(shape)}, and the translated ones {times(image.shape)}"
            )
        return image

    def targets(self, count: int | None = None) -> Iterator[Tensor]:
        """Real images of the target domain, (C, H, W) in [0, 1]; the first ``count``, or all."""
        with blaming("dataset"):
            yield from islice(self.run.dataset.targets(), count)

    @cached_property
    def latents(self) -> Tensor:
        """All of them, (N, C, H, W), unit-normalised.

        Raises:
            DataError: If the run did not save them, or they are not those of its samples.
        """
        found = self.run.latents()
        try:
            return torch.stack([found[identifier] for identifier in self.run.ids])
        except (KeyError, RuntimeError) as error:
            raise DataError(
                f"run directory {self.run.directory} is damaged ({LATENTS} is not of its samples): run it again"
            ) from error

    @cached_property
    def again(self) -> Inverted:
        """The first few samples inverted once more, with every state on the way."""
        config = attrs.evolve(self.run.config, samples=len(self.ids))
        assembly = assemble_unscored(config, self.run.loader)
        with blaming("method", "model", "parameterization"):
            return api.invert(
                assembly.model,
                assembly.method,
                torch.stack([sample.source for sample in self.samples]),
                source=assembly.dataset.source,
                steps=config.steps,
                seed=config.seed,
                ids=self.ids,
                guidance=config.inversion_guidance,
                label=config.label,
                keep_trajectory=True,
            )

    @cached_property
    def some_latents(self) -> Tensor:
        """All latents where they were saved, else the first few, inverted again: (N, C, H, W)."""
        return self.latents if self.run.has_latents else self.again.latent.float().cpu()

    @property
    def dimension(self) -> int:
        """d, the number of values of a latent."""
        return self.some_latents[0].numel()

    def metric(self, name: str) -> Score:
        """A metric with the parameters that the run gave it."""
        return self.run.loader.metric(self.run.config, name, self.run.dataset)


@attrs.frozen(eq=False)
class Material:
    """The runs that a figure is drawn from, at least one."""

    subjects: tuple[Subject, ...]

    @classmethod
    def of(cls, runs: Sequence[Finished], few: int) -> Material:
        """Runs, labelled by what tells them apart."""
        named = labels([run.config for run in runs])
        ranks = {label: rank for rank, label in enumerate(dict.fromkeys(named))}
        pairs = zip(runs, named, strict=True)
        return cls(tuple(Subject(run, label, ranks[label], few) for run, label in pairs))

    @property
    def firsts(self) -> tuple[Subject, ...]:
        """One run of every label."""
        return tuple({subject.label: subject for subject in reversed(self.subjects)}.values())[::-1]

    @property
    def ranks(self) -> dict[str, int]:
        """The labels with their ranks."""
        return {one.label: one.rank for one in self.firsts}

    def looking(self, looks: int) -> Material:
        """The runs with ranks below ``looks``: those among all runs, or where these are too many, among themselves.

        Raises:
            DataError: If there are more labels than looks, which would be the same for several of them.
        """
        check_looks(self.ranks, looks)
        if max(self.ranks.values()) < looks:
            return self
        ranks = {label: rank for rank, label in enumerate(self.ranks)}
        return Material(tuple(attrs.evolve(one, rank=ranks[one.label]) for one in self.subjects))

    def labelled(self) -> dict[str, tuple[Subject, ...]]:
        """The runs by label."""
        return {one.label: tuple(s for s in self.subjects if s.label == one.label) for one in self.firsts}

    def apart(self, what: str) -> dict[str, Material]:
        """The runs by ``setting`` or by ``data``; all of them under no name where ``what`` is empty."""
        told = {"": lambda config: "", "setting": setting_of, "data": data_of}[what]
        found: dict[str, list[Subject]] = {}
        for subject in self.subjects:
            found.setdefault(told(subject.run.config), []).append(subject)
        return {name: Material(tuple(subjects)) for name, subjects in found.items()}

    def common(self) -> list[str]:
        """Ids of the first few samples that every run has."""
        shared = set.intersection(*(set(subject.run.ids) for subject in self.subjects))
        first = self.subjects[0]
        return [identifier for identifier in first.run.ids if identifier in shared][: first.few]


def check_looks(methods: Collection[str], looks: int) -> None:
    """Refuse to draw two methods alike.

    Raises:
        DataError: If there are more of them than looks.
    """
    if len(methods) > looks:
        raise DataError(f"{len(methods)} methods cannot be told apart by how they look, {looks} can: name fewer runs")


@attrs.frozen(eq=False)
class Drawing:
    """A figure and what is seen in it."""

    figure: Any
    caption: str
