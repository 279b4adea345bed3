"""What a step does: parts, clipping, rates, the average, and going on from a state, on a network of four weights."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import torch
from accelerate.state import AcceleratorState, GradientState
from torch import Tensor, nn

from spectralkit.errors import DataError, NonFiniteError
from spectralkit_models_training.assembly import Assembled
from spectralkit_models_training.average import decay
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.dry import tell
from spectralkit_models_training.loop import Trainer, generator
from spectralkit_models_training.optimisation import rate
from spectralkit_models_training.session import accelerated
from spectralkit_models_training.state import read_state, write_state
from spectralkit_models_training.task import Batch, Rival, Shown
from spectralkit_models_training.trial import Choice

PLAIN = Choice("float32", "contiguous", "no")


@attrs.frozen(eq=False)
class Sums:
    """Learns the sum of three numbers."""

    module: nn.Module
    scale: float = 1.0
    rivals: ClassVar[tuple[Rival, ...]] = ()

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        x = torch.randn(batch, 3, generator=generator)
        return x, self.scale * x.sum(dim=1, keepdim=True)

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        x, y = batch
        return (module(x) - y).square().mean()

    def show(self, module: nn.Module) -> Shown:
        raise NotImplementedError

    def export(self, module: nn.Module, directory: Path, training: dict[str, Any]) -> None:
        raise NotImplementedError


@attrs.frozen(eq=False)
class Kinked(Sums):
    """Its loss is finite, its gradient is not."""

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        return (module(batch[0]) * 0).abs().sqrt().mean()


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """accelerate would remember the last training."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def trainer(kind: type[Sums] = Sums, seed: int = 0, scale: float = 1.0, **options: Any) -> Trainer:
    """Of a linear layer, at a high rate from the first step on."""
    config = TrainingConfig(
        **{"device": "cpu", "batch": 8, "steps": 200, "warmup": 0, "learning_rate": 0.05, "ema": 0.9, **options}
    )
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.manual_seed(seed)
    return Trainer(kind(nn.Linear(3, 1), scale), config, accelerated(config, Path(), PLAIN, rests=False), PLAIN)


@attrs.frozen(eq=False)
class Noted(Sums):
    """Tells which batches were drawn, and by which thread."""

    notes: list[tuple[int, str]] = attrs.field(factory=list)

    def draw(self, step: int, batch: int, generator: torch.Generator) -> Batch:
        self.notes.append((step, threading.current_thread().name))
        if step == 3:
            raise DataError("the fourth batch cannot be read")
        return super().draw(step, batch, generator)


def test_the_next_batch_is_drawn_by_a_thread_and_each_of_them_once() -> None:
    made = trainer(Noted, steps=3)
    task: Any = made.task
    for _ in range(3):
        made.update()
    made.close()
    steps, threads = zip(*task.notes, strict=True)
    assert steps == (0, 1, 2)  # and none beyond the last
    assert len(set(threads)) == 1
    assert threads[0] != threading.current_thread().name


def test_a_batch_that_cannot_be_drawn_fails_in_its_turn() -> None:
    made = trainer(Noted, steps=9)
    for _ in range(3):
        made.update()
    with pytest.raises(DataError, match="the fourth batch"):
        made.update()
    made.close()


def test_the_batch_of_a_step_is_the_one_that_its_generator_draws() -> None:
    made = trainer()
    drawn: list[Tensor] = []
    made.learner.loss = lambda module, batch, step: (drawn.append(batch[0]), made.task.loss(module, batch, step))[1]
    for _ in range(3):
        made.update()
    made.step = 1  # as after a state was restored
    made.update()
    made.close()
    for step, x in zip((0, 1, 2, 1), drawn, strict=True):
        assert torch.equal(x, made.task.draw(step, 8, generator(made.config.seed, step, 0))[0])


def weights(module: nn.Module) -> Tensor:
    """All of them, as they are now."""
    return torch.cat([weight.detach().flatten().clone() for weight in module.parameters()])


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_an_accumulated_batch_is_the_batch(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the order of sums; an environment variable of accelerate's has no say."""
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "3")
    whole = trainer()
    updates = [whole.update() for _ in range(5)]
    ours = trainer(accumulation=parts)  # from here on accelerate counts parts
    for wanted in updates:
        found = ours.update()
        assert found.loss == pytest.approx(wanted.loss, rel=1e-5)
        assert found.norm == pytest.approx(wanted.norm, rel=1e-5)
    torch.testing.assert_close(weights(ours.learner.bare), weights(whole.learner.bare), rtol=1e-4, atol=1e-5)


def test_the_gradient_is_clipped_before_the_step_and_told_as_it_was() -> None:
    ours = trainer(scale=1000.0, clip=0.5)
    update = ours.update()
    x, y = ours.task.draw(0, 8, generator(ours.config.seed, 0, 0))
    again = trainer(scale=1000.0)
    ours.task.loss(again.learner.bare, (x, y), 0).backward()  # type: ignore[no-untyped-call]
    gradient = torch.cat(
        [weight.grad.flatten() for weight in again.learner.bare.parameters() if weight.grad is not None]
    )
    assert update.norm == pytest.approx(float(gradient.norm()), rel=1e-5)
    assert update.norm > 100
    state = ours.learner.optimiser.state_dict()["state"].values()
    momentum = torch.cat([memory["exp_avg"].flatten() for memory in state])
    torch.testing.assert_close(momentum, 0.1 * 0.5 * gradient / gradient.norm(), rtol=1e-4, atol=1e-6)


def test_every_step_has_its_rate() -> None:
    ours = trainer(warmup=4, schedule="cosine", steps=10, cooldown=0.5)
    before = weights(ours.learner.bare)
    for step in range(10):
        update = ours.update()
        wanted = 0.05 * rate(ours.config, step)
        assert update.rate == wanted
        assert [group["lr"] for group in ours.learner.optimiser.param_groups] == [wanted]
        if step == 0:  # Adam's first step is the sign of the gradient
            torch.testing.assert_close(
                (weights(ours.learner.bare) - before).abs(), torch.full((4,), wanted), rtol=1e-3, atol=0
            )


def test_every_step_draws_samples_of_its_own() -> None:
    ours = trainer(learning_rate=1e-12)
    assert len({ours.update().loss for _ in range(5)}) == 5


def test_the_average_is_that_of_the_weights_of_all_steps() -> None:
    ours = trainer()
    wanted = weights(ours.learner.bare)
    for step in range(1, 161):
        ours.update()
        kept = decay(step, 0.9)
        wanted = kept * wanted + (1 - kept) * weights(ours.learner.bare)
    torch.testing.assert_close(weights(ours.average), wanted)
    assert not torch.equal(weights(ours.average), weights(ours.learner.bare))


@attrs.frozen(eq=False)
class Dropping(Sums):
    """Draws numbers of its own, as dropout does."""

    def loss(self, module: nn.Module, batch: Batch, step: int) -> Tensor:
        return torch.rand(()) + 0 * super().loss(module, batch, step)


def test_what_a_network_draws_is_made_of_the_step() -> None:
    ours, again = trainer(Dropping), trainer(Dropping)
    first = [ours.update().loss for _ in range(3)]
    assert len(set(first)) == 3
    torch.rand(7)
    assert [again.update().loss for _ in range(3)] == first


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_who_goes_on_from_a_state_goes_on_bitwise(optimiser: str, tmp_path: Path) -> None:
    """Beyond the head start, so that the average is not the weights themselves."""
    whole = trainer(optimiser=optimiser)
    for _ in range(130):
        whole.update()
    write_state(whole.state(), tmp_path / "state.pt")
    ours = trainer(optimiser=optimiser, seed=1)
    ours.restore(read_state(tmp_path / "state.pt"))
    assert ours.step == 130
    for _ in range(20):
        wanted, found = whole.update(), ours.update()
        assert (found.loss, found.norm, found.rate) == (wanted.loss, wanted.norm, wanted.rate)
    assert torch.equal(weights(ours.learner.bare), weights(whole.learner.bare))
    assert torch.equal(weights(ours.average), weights(whole.average))


def test_a_dry_run_counts_what_is_done_before_the_first_step(capsys: pytest.CaptureFixture[str]) -> None:
    config = TrainingConfig(device="cpu", batch=8, steps=20, precision="float32", layout="contiguous", compile="no")
    told = Assembled(Sums(nn.Linear(3, 1)), {}, ahead={"encoding 7 crops": 7200.0, "looking": 60.0})
    tell(config, lambda *_: told)
    lines = dict(re.split("  +", line, maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    assert lines["encoding 7 crops"] == "2h 00m"
    assert lines["in all"] == "2h 01m without the pictures"


def test_a_gradient_that_is_no_number_changes_nothing() -> None:
    ours = trainer(Kinked)
    before = weights(ours.learner.bare)
    with pytest.raises(NonFiniteError, match="the gradient is nan at step 1"):
        ours.update()
    assert torch.equal(weights(ours.learner.bare), before)
    assert ours.step == 0


@pytest.mark.parametrize(
    "change", [{"module": {}}, {"average": {"weight": torch.zeros(5)}}, {"optimiser": {}}, {"optimiser": 3}]
)
def test_the_state_of_another_training_is_told(change: dict[str, Any]) -> None:
    ours = trainer()
    with pytest.raises(DataError, match="the state is another training's"):
        ours.restore({**trainer().state(), **change})
