"""A directory of translators: what is written is what is read, and damage is told in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import spectralkit as sk
from spectralkit.errors import DataError, SpectralkitError
from spectralkit_methods_cyclediff import read_translators
from spectralkit_methods_cyclediff.directory import CONDITIONS, FILE
from spectralkit_methods_cyclediff.testing import save_random, unet
from spectralkit_methods_cyclediff.translators import Translator


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    found = read_translators(save_random(tmp_path / "made"))
    assert (found.source.name, found.target.name, found.shape, found.model) == ("low", "high", (3, 8, 8), "oracle")
    assert torch.equal(found.source.embedding, torch.tensor([[1.0, 0, 0]]))
    x, t = torch.randn(2, 3, 8, 8), torch.rand(2)
    for seed, network in ((1, found.to_target), (2, found.to_source)):
        assert not any(weight.requires_grad for weight in network.parameters())
        torch.testing.assert_close(network(x, t), Translator(unet(3, seed))(x, t), rtol=0, atol=5e-3)  # float16
    assert json.loads((tmp_path / "made" / FILE).read_text())["diffusion"] == "frozen"


def test_it_is_told_the_time() -> None:
    network, x = Translator(unet(3, 1)), torch.randn(1, 3, 8, 8)
    early, late = (network(x, torch.tensor([t])) for t in (0.1, 0.9))
    assert not torch.allclose(early, late, atol=1e-4)


def changed(**changes: Any) -> Any:
    def change(directory: Path) -> None:
        path = directory / FILE
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


DAMAGED = [
    (lambda directory: (directory / FILE).unlink(), "no translators at"),
    (lambda directory: (directory / FILE).write_text("{"), "corrupt checkpoint"),
    (lambda directory: (directory / CONDITIONS).unlink(), "cannot read checkpoint"),
    (lambda directory: (directory / "to-source" / "config.json").unlink(), "cannot read checkpoint"),
    (changed(format="other"), "its format is not 'spectralkit-cyclediff-1'"),
    (changed(more=1), "it got an unexpected keyword argument 'more'"),
    (changed(shape=[3, 8]), "shape must be (channels, height, width), positive whole numbers"),
    (changed(shape=[4, 8, 8]), "its networks are for other channels than its shape's"),
    (changed(source=3), "source and target must be texts"),
    (changed(process="ddim"), "process and training must be tables"),
]


@pytest.mark.parametrize(("damage", "told"), DAMAGED, ids=[told for _, told in DAMAGED])
def test_damage_is_told_in_a_line(damage: Any, told: str, tmp_path: Path) -> None:
    damage(save_random(tmp_path / "made"))
    with pytest.raises(SpectralkitError) as error:
        sk.load_method("cyclediff", {"cyclediff": {"translators": str(tmp_path / "made")}})
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, DataError)
