"""What is promised of shipped checkpoints: by one that keeps it, and by such that break one promise each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import pytest
import torch
from torch import Tensor

import spectralkit as sk
from spectralkit.data import Sample
from spectralkit.diffusion.schedule import VPSchedule
from spectralkit.models.checkpoint import load_checkpoint
from spectralkit.models.model import Model, PixelCodec
from spectralkit.models.pretrained import NAME, load_tensors, save_tensors
from spectralkit.plugins import DatasetSpec
from spectralkit.testing.law import LawBrokenError
from spectralkit.testing.oracle import SHAPE, one_hot, random_gaussian, source_batch
from spectralkit.testing.shipped import FACTS, LAWS, Shipped

ORACLE = random_gaussian(0)
CARD, README, WEIGHTS = "spectralkit.json", "README.md", f"unet/{NAME}.safetensors"
FACTS_TOLD = {**dict.fromkeys(FACTS, 0), "data_sha256": "d" * 64, "settings": {}}
BY_NAME = {law.name: law for law in LAWS}


class Draws:
    """The training half of :class:`Drawn`."""

    conditions = ("low", "high")
    digest = "d" * 64

    def draw(self, domains: Sequence[int], size: int, generator: torch.Generator) -> Tensor:
        raise NotImplementedError


class Drawn:
    """Images of the first two classes of the oracle."""

    name, source, target, structure, shape = "drawn", "low", "high", "rgb", SHAPE

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Sample:
        source, reference = ((source_batch(ORACLE, domain, 1, index)[0] + 1) / 2 for domain in (0, 1))
        return Sample(source=source, reference=reference, id=str(index))

    def sources(self) -> Iterator[Tensor]:
        raise NotImplementedError

    targets = sources


@pytest.fixture
def kept(written: Callable[..., Path], tmp_path: Path, registering: None) -> Shipped:
    """A checkpoint as it should be; its model knows the law of the images."""
    sk.register(DatasetSpec(name="drawn", target=f"{__name__}:Drawn", training=f"{__name__}:Draws", summary=""))
    directory = written(tmp_path / "mine", dataset="drawn", training=FACTS_TOLD)
    (directory / README).write_text("# A model trained by `spectralkit train`\n")
    subject = Shipped(directory)
    subject.model = Model(
        name="mine",
        denoiser=ORACLE,
        schedule=VPSchedule(),
        codec=PixelCodec(),
        conditions={name: one_hot(index).embedding for index, name in enumerate(Draws.conditions)},
        null=one_hot(0).null,
        shape=SHAPE,
        dataset="drawn",
        provenance={"training": FACTS_TOLD},
    )
    return subject


@pytest.mark.parametrize("law", BY_NAME)
def test_what_keeps_its_promises_passes(law: str, kept: Shipped) -> None:
    BY_NAME[law].verify(kept, 0)


def told(**changes: object) -> Callable[[Shipped], None]:
    def change(subject: Shipped) -> None:
        path = subject.directory / CARD
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def modelled(**changes: object) -> Callable[[Shipped], None]:
    def change(subject: Shipped) -> None:
        subject.model = attrs.evolve(subject.model, **changes)

    return change


def precise(subject: Shipped) -> None:
    path = subject.directory / WEIGHTS
    save_tensors(load_tensors(path, torch.float32), path)


def untrained(subject: Shipped) -> None:
    subject.model = load_checkpoint(subject.directory, "mine")


def swapped(subject: Shipped) -> None:
    conditions = subject.model.conditions
    modelled(conditions={"low": conditions["high"], "high": conditions["low"]})(subject)


BROKEN = [
    ("carries-what-is-read", lambda s: (s.directory / "training").mkdir(), "it carries training"),
    ("says-what-made-it", told(training={**FACTS_TOLD, "seed": 1}), "another model"),
    ("says-what-made-it", told(training={"settings": {}}), "its card lacks data_sha256, machine"),
    ("says-what-made-it", lambda s: (s.directory / README).write_text("# x\n"), "its README begins '# x'"),
    ("was-trained-on-the-data-as-they-are", told(conditions=["high", "low"]), "knows high, low, its data low, high"),
    ("was-trained-on-the-data-as-they-are", told(training={**FACTS_TOLD, "data_sha256": "e" * 64}), "trained on eee"),
    ("is-small", precise, "holds weights of F32"),
    ("is-small", lambda s: (s.directory / "x.safetensors").write_bytes(bytes(10_000_001)), "10000001 bytes"),
    ("takes-the-sizes-that-it-claims", modelled(multiple=1), "claims otherwise"),
    ("denoises-what-it-has-not-seen", untrained, "of the variance"),
    ("denoises-what-it-has-not-seen", swapped, "images of 'low' are 'low' to"),
]


@pytest.mark.parametrize(("law", "change", "message"), BROKEN)
def test_a_broken_promise_is_told(law: str, change: Callable[[Shipped], object], message: str, kept: Shipped) -> None:
    change(kept)
    with pytest.raises(LawBrokenError, match=message):
        BY_NAME[law].verify(kept, 0)


def test_a_network_that_takes_other_sizes_is_tried_on_them(kept: Shipped) -> None:
    told(multiple=1)(kept)
    untrained(kept)
    BY_NAME["takes-the-sizes-that-it-claims"].verify(kept, 0)
    modelled(multiple=None)(kept)
    with pytest.raises(LawBrokenError, match="claims otherwise"):
        BY_NAME["takes-the-sizes-that-it-claims"].verify(kept, 0)
