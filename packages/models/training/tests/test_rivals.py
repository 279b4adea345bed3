"""A rival: it learns after the task's module in every step, by its own loss, and resumes with it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from spectralkit.errors import NonFiniteError
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.journal import Journal
from spectralkit_models_training.loop import Trainer
from spectralkit_models_training.state import read_state, write_state
from spectralkit_models_training.task import Batch, Rival, Shown
from spectralkit_models_training.testing import alone
from spectralkit_models_training.trial import Choice, measure

CONFIG = TrainingConfig(batch=4, steps=8, learning_rate=0.1, warmup=0, clip=1e9, ema=0.5)
CHOICE = Choice("float32", "contiguous", "no")


class Duel:
    """x plays ``min (x - y)^2 + x``, y plays ``min (y - x + 1)^2``: what either does depends on the other."""

    def __init__(self, wild: bool = False) -> None:
        self.module, self.other, self.wild = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False), wild
        for module in (self.module, self.other):
            nn.init.ones_(module.weight)

    @property
    def rivals(self) -> tuple[Rival, ...]:
        return (Rival("critic", self.other, self.answer),)

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        return (torch.rand(batch, 1, generator=generator) + 1,)

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        x, y = module(batch[0]), self.other.weight.detach() * batch[0]
        return ((x - y).square() + x).mean()

    def answer(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        y, x = module(batch[0]), self.module.weight.detach() * batch[0]
        return (y - x + 1).square().mean() * (float("nan") if self.wild and step == 2 else 1)

    def show(self, module: nn.Module) -> Shown:
        raise NotImplementedError

    def export(self, module: nn.Module, directory: Path, training: dict[str, Any]) -> None:
        raise NotImplementedError


Accelerators = Callable[[int], Accelerator]


@pytest.fixture
def accelerators() -> Iterator[Accelerators]:
    """One that sums so many parts."""
    with alone():
        yield lambda parts: Accelerator(cpu=True, gradient_accumulation_steps=parts)


@pytest.fixture
def accelerator(accelerators: Accelerators) -> Accelerator:
    return accelerators(1)


@pytest.mark.parametrize("parts", [1, 2])
def test_both_take_the_steps_of_two_optimisers_in_turn(parts: int, accelerators: Accelerators) -> None:
    duel = Duel()
    trainer = Trainer(duel, attrs.evolve(CONFIG, accumulation=parts), accelerators(parts), CHOICE)
    x, y = (torch.ones(1, 1, requires_grad=True) for _ in range(2))
    ours, theirs = (torch.optim.AdamW([w], lr=0.1, betas=(0.9, 0.999), weight_decay=0) for w in (x, y))
    for _ in range(8):
        batch = torch.cat([part[0] for part in trainer._parts()])
        loss = ((x - y.detach()) * batch).square().mean() + (x * batch).mean()
        _descend(ours, loss)
        answer = ((y - x.detach()) * batch + 1).square().mean()  # x has moved by then
        _descend(theirs, answer)
        row = trainer.update().row()
        assert (row["loss"], row["critic"]) == pytest.approx((loss.item(), answer.item()), rel=1e-4)
        torch.testing.assert_close(duel.module.weight, x, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(duel.other.weight, y, rtol=1e-5, atol=1e-6)
    assert x.item() < 1 > y.item()  # both have learned
    assert measure(duel, CHOICE, torch.device("cpu"), (batch,)) > 0


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def test_a_state_holds_both(tmp_path: Path, accelerator: Accelerator) -> None:
    straight = Trainer(Duel(), CONFIG, accelerator, CHOICE)
    for _ in range(3):
        straight.update()
    again = Trainer(Duel(), CONFIG, accelerator, CHOICE)
    write_state(straight.state(), tmp_path / "state.pt")
    again.restore(read_state(tmp_path / "state.pt"))
    for _ in range(5):
        assert straight.update().row() | {"seconds": 0} == again.update().row() | {"seconds": 0}
    assert torch.equal(straight.rivals["critic"].bare.weight, again.rivals["critic"].bare.weight)


def test_a_rivals_loss_that_is_no_number_stops_the_training(accelerator: Accelerator) -> None:
    trainer = Trainer(Duel(wild=True), CONFIG, accelerator, CHOICE)
    for _ in range(2):
        trainer.update()
    with pytest.raises(NonFiniteError, match="the loss is nan at step 3"):
        trainer.update()


def test_the_journal_tells_of_both(tmp_path: Path, accelerator: Accelerator) -> None:
    trainer, journal = Trainer(Duel(), CONFIG, accelerator, CHOICE), Journal(tmp_path / "loss.csv")
    for step in range(1, 4):
        journal.note(step, trainer.update())
    journal.write()
    with (tmp_path / "loss.csv").open(newline="") as file:
        assert list(next(csv.DictReader(file))) == ["step", "loss", "norm", "rate", "seconds", "critic"]
    assert Journal.continued(tmp_path / "loss.csv", 2).rows == journal.rows[:2]
