"""The players and their losses, and the components that they play with."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import attrs
import pytest
import torch
from torch import Tensor, nn

import spectralkit as sk
from spectralkit.errors import ConfigurationError, SpectralkitError
from spectralkit.inversion.noise import Noise

pytest.importorskip("spectralkit_models_training", reason="the trainer is an extra")
pytest.importorskip("spectralkit_datasets_ihc", reason="the data set that is trained on is a package of its own")

from spectralkit.plugins.training import build_training
from spectralkit_methods_cyclediff.training import losses
from spectralkit_methods_cyclediff.training.assembly import assemble
from spectralkit_methods_cyclediff.training.components import PART, Predictor
from spectralkit_methods_cyclediff.training.config import CyclediffConfig
from spectralkit_methods_cyclediff.training.networks import Judges, Pair, Pool
from spectralkit_methods_cyclediff.training.task import CyclediffTask
from spectralkit_models_training.assembly import Aside

SMALL: dict[str, Any] = {
    "size": 16,
    "batch": 4,
    "bank": 40,
    "levels": 5,
    "widths": (8, 16),
    "groups": 4,
    "judge_widths": (8, 16),
    "pool": 3,
    "score": "none",
    "sample_steps": 2,
}
SHAPE = (3, 16, 16)


@pytest.fixture(scope="module")
def task(checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> CyclediffTask:
    model = checkpoint(tmp_path_factory.mktemp("model") / "tiny")
    assembled = assemble(CyclediffConfig(model=str(model), **SMALL), torch.device("cpu"), Aside(lambda line: None))
    assert isinstance(assembled.task, CyclediffTask)
    return assembled.task


@pytest.fixture
def batch(task: CyclediffTask) -> tuple[Tensor, ...]:
    return task.draw(0, 4, torch.Generator().manual_seed(0))


def excited(module: nn.Module) -> nn.Module:
    """A copy whose last layers are not zero any more."""
    changed = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(1)
    for weight in changed.parameters():
        weight.data += 0.05 * torch.randn(weight.shape, generator=generator)
    return changed


def test_a_fresh_pair_changes_nothing(task: CyclediffTask, batch: tuple[Tensor, ...]) -> None:
    source, time_s, target, time_t, _ = batch
    made = task.module(source, time_s, target, time_t)
    assert all(torch.equal(now, row) for now, row in zip(made, (source, target, source, target) * 2, strict=False))
    assert losses.cycle(made, source, target).item() == losses.identity(made, source, target).item() == 0


def test_the_pair_makes_all_six_of_a_batch_each(task: CyclediffTask, batch: tuple[Tensor, ...]) -> None:
    source, time_s, target, time_t, _ = batch
    pair = excited(task.module)
    made = pair(source, time_s, target, time_t)
    g, h = pair.to_target, pair.to_source
    expected = (
        g(source, time_s),
        h(target, time_t),
        h(g(source, time_s), time_s),
        g(h(target, time_t), time_t),
        h(source, time_s),
        g(target, time_t),
    )
    for now, row in zip(made, expected, strict=True):
        torch.testing.assert_close(now, row, rtol=1e-4, atol=1e-5)


def test_the_losses_are_those_of_the_paper(task: CyclediffTask, batch: tuple[Tensor, ...]) -> None:
    source, time_s, target, time_t, lots = batch
    pair, judges = excited(task.module), task.judges
    made = pair(source, time_s, target, time_t)
    on_target, on_source = judges.of_target(made.fake_t, time_s), judges.of_source(made.fake_s, time_t)
    adversarial = (on_target - 1).pow(2).mean() + (on_source - 1).pow(2).mean()
    cycle = (made.back_s - source).abs().mean() + (made.back_t - target).abs().mean()
    identity = (made.same_s - source).abs().mean() + (made.same_t - target).abs().mean()
    wanted = adversarial + cycle + identity / 2
    torch.testing.assert_close(task.loss(pair, batch, 0), wanted)
    weighed = attrs.evolve(task, config=attrs.evolve(task.config, adversarial=2.0, cycle=0.0, identity=1.0))
    torch.testing.assert_close(weighed.loss(pair, batch, 0), 2 * adversarial + identity)

    fresh = attrs.evolve(task, module=pair, judges=copy.deepcopy(judges))
    loss = fresh.discrimination(fresh.judges, batch, 0)
    wanted = sum(
        ((judge(*real) - 1).pow(2).mean() + judge(*shown).pow(2).mean()) / 2
        for judge, real, shown in (
            (judges.of_source, (source, time_s), Pool(3, SHAPE)(made.fake_s, time_t, lots[:, 0])),
            (judges.of_target, (target, time_t), Pool(3, SHAPE)(made.fake_t, time_s, lots[:, 1])),
        )
    )
    torch.testing.assert_close(loss, wanted, rtol=1e-4, atol=1e-5)


def test_the_losses_are_taken_in_full_precision(task: CyclediffTask, batch: tuple[Tensor, ...]) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert task.loss(task.module, batch, 0).dtype is torch.float32
        judges = copy.deepcopy(task.judges)
        assert attrs.evolve(task, judges=judges).discrimination(judges, batch, 0).dtype is torch.float32


def test_neither_players_loss_reaches_the_others_weights(task: CyclediffTask, batch: tuple[Tensor, ...]) -> None:
    mine = attrs.evolve(task, module=excited(task.module), judges=copy.deepcopy(task.judges))
    mine.loss(mine.module, batch, 0).backward()
    assert all(weight.grad is not None for weight in mine.module.parameters())
    assert all(weight.grad is None for weight in mine.judges.parameters())
    mine.module.zero_grad()
    (rival,) = mine.rivals
    rival.loss(rival.module, batch, 0).backward()
    assert all(weight.grad is not None for weight in mine.judges.parameters())
    assert all(weight.grad is None for weight in mine.module.parameters())


def test_a_discriminator_hears_the_time(task: CyclediffTask, batch: tuple[Tensor, ...]) -> None:
    source = batch[0][:1].expand(2, -1, -1, -1)
    early, late = task.judges.of_source(source, torch.tensor([0.2, 0.9]))
    assert not torch.allclose(early, late)


def test_a_pool_shows_earlier_translations_half_the_time() -> None:
    pool, seen = Pool(4, (1, 1, 1)), []
    generator = torch.Generator().manual_seed(0)
    for first in range(0, 400, 4):
        fakes = torch.arange(first, first + 4.0).view(4, 1, 1, 1)
        given, times = fakes.clone(), torch.arange(first, first + 4.0) / 400
        shown, when = pool(fakes, times, torch.rand(4, generator=generator))
        assert torch.equal(when, shown.flatten() / 400)  # each keeps its time
        seen.append(shown.flatten())
        assert torch.equal(fakes, given)
    assert torch.equal(seen[0], torch.arange(4.0))  # while it fills, the new ones
    lag = torch.arange(4, 400.0) - torch.cat(seen[1:])
    assert (lag >= 0).all()
    assert 0.4 < float((lag > 0).float().mean()) < 0.6
    again = Pool(4, (1, 1, 1))
    again.load_state_dict(pool.state_dict())
    drawn = torch.full((4, 1, 1, 1), 9.0), torch.full((4,), 0.5), torch.tensor([0.5, 0.75, 0.2, 0.99])
    assert all(map(torch.equal, again(*drawn), pool(*drawn)))


def test_components_are_what_the_model_predicts_under_its_own_condition(checkpoint: Any, tmp_path: Path) -> None:
    model, data = sk.load_model(checkpoint(tmp_path / "tiny")), build_training("ihc", {})
    high, levels = data.conditions.index("high"), model.schedule.levels(3)
    predictor = Predictor(model, data, 16, levels=3, seed=7)
    rows, times = predictor.rows(high, 40), predictor.times(40)
    assert (rows.shape, rows.dtype) == ((40, *SHAPE), torch.float16)
    for part, index in enumerate((1, 2, 3)):  # one level a part, all of them
        place = slice(part * PART, min((part + 1) * PART, 40))
        noise = Noise(7, [f"component-high-{i}" for i in range(40)[place]])
        x0 = 2 * data.draw([high] * len(noise.ids), 16, noise.generator(0, "crops")) - 1
        level = levels[index]
        x = level.alpha * x0 + level.sigma * noise.normal("noise", x0)
        wanted = -model.denoiser(x, level, model.condition("high")).x0
        torch.testing.assert_close(rows[place].float(), wanted, rtol=1e-3, atol=1e-3)  # half precision
        torch.testing.assert_close(
            times[place], torch.full_like(times[place], level.sigma / (level.alpha + level.sigma))
        )


@pytest.mark.parametrize("latent", [False, True])
def test_the_bank_holds_both_domains_in_the_models_space(latent: bool, checkpoint: Any, tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "tiny", latent=latent)
    config = CyclediffConfig(model=str(model), source="low-x8", target="high", **SMALL)
    made = assemble(config, torch.device("cpu"), Aside(lambda line: None, tmp_path)).task
    assert isinstance(made, CyclediffTask)
    assert made.facts.shape == ((4, 8, 8) if latent else SHAPE)
    assert made.source.rows.shape == made.target.rows.shape == (40, *made.facts.shape)
    assert not torch.equal(made.source.rows, made.target.rows)
    told: list[str] = []
    again = assemble(config, torch.device("cpu"), Aside(told.append, tmp_path)).task
    assert told == []  # it was kept
    assert torch.equal(again.source.rows, made.source.rows)
    assert made.show(made.module).images.shape == (16, *SHAPE)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"source": "low-x5"}, "model 'tiny' does not know the condition 'low-x5'"),
    ({"source": "high"}, "source and target are both 'high': choose two conditions"),
    ({"source": "low-x8", "size": 24, "widths": (8,)}, "crops of 3x24x24 do not fit model"),
    ({"widths": (8, 8, 8, 8, 8, 8)}, "a translator of 6 widths halves the state's sides 16 and 16 5 times"),
    ({"judge_widths": (8, 8, 8, 8, 8)}, "discriminators of 5 widths need states of 32 a side, got 16x16"),
    ({"settings": {"process": {"beta_end": 0.1}}}, "names the part 'process'"),
]


@pytest.mark.parametrize(("options", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_does_not_fit_is_told(options: dict[str, Any], told: str, checkpoint: Any, tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "tiny", multiple=16)
    config = CyclediffConfig(model=str(model), **{**SMALL, **options})
    with pytest.raises(SpectralkitError) as error:
        assemble(config, torch.device("cpu"), Aside(lambda line: None))
    assert told in str(error.value)


def test_widths_must_be_multiples_of_groups() -> None:
    with pytest.raises(ConfigurationError, match="widths must be multiples of groups, 4, got 10"):
        CyclediffConfig(**{**SMALL, "widths": (10,)})
    judges = Judges(CyclediffConfig(**SMALL), SHAPE)
    assert judges.of_source(torch.zeros(1, *SHAPE), torch.zeros(1)).shape == (1, 1, 4, 4)
    assert len(list(Pair(CyclediffConfig(**SMALL), SHAPE).children())) == 2
