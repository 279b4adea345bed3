"""The directory of a training: who may write there, and what is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from spectralkit.errors import ConfigurationError, DataError
from spectralkit_models_training.autoencoder.config import AutoencoderConfig
from spectralkit_models_training.config import TrainingConfig
from spectralkit_models_training.facts import Facts
from spectralkit_models_training.folder import Folder, check_same
from spectralkit_models_training.journal import Journal
from spectralkit_models_training.loop import Update
from spectralkit_models_training.record import recorded
from spectralkit_models_training.trial import Choice

FACTS = Facts({"data_sha256": "0"}, {"spread": 0.5}, Choice("float32", "contiguous", "no"))


def begun(out: Path, **options: Any) -> Folder:
    """A training that was recorded."""
    folder = Folder(out)
    folder.inner.mkdir(parents=True)
    folder.begin("train", TrainingConfig(**options), FACTS)
    return folder


def test_who_comes_second_does_the_first_no_harm(tmp_path: Path) -> None:
    """Before anything is recorded the directory looks like that of a training that came to nothing."""
    folder = Folder(tmp_path / "out")
    with folder.held():
        with pytest.raises(ConfigurationError, match="another process trains in"), Folder(folder.out).held():
            pass
        assert (folder.inner / "lock").exists()
        folder.begin("train", TrainingConfig(), FACTS)
    assert recorded(folder.out, "train", TrainingConfig)["steps"] == 10_000
    assert folder.facts() == FACTS


def test_what_came_to_nothing_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for out in (tmp_path / "mine", tmp_path / "mine" / "a" / "b"):
        with pytest.raises(ZeroDivisionError), Folder(out).held():
            raise ZeroDivisionError
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]


def test_a_training_that_never_began_may_begin_again_but_a_strangers_folder_is_no_place(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.inner.mkdir()
    for name in ("lock", "bank.safetensors", ".bank.safetensors.partial", "facts.json"):
        (folder.inner / name).write_text("")
    folder.check_free()
    for path in (folder.inner / "notes.txt", folder.out / "thesis.txt"):
        path.write_text("irreplaceable")
        with pytest.raises(ConfigurationError, match="already exists"):
            folder.check_free()
        path.unlink()


def test_a_model_is_finished_when_it_is_all_there(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out")

    def write(directory: Path) -> None:
        (directory / "unet").mkdir()
        (directory / "README.md").write_text("new")

    assert not folder.finished(3)
    folder.export(write, 3)
    folder.export(write, 3)  # over what is there
    assert folder.finished(3)
    assert not folder.finished(4)
    (folder.out / "unet").rmdir()
    assert not folder.finished(3)
    folder.mark.write_bytes(b"\xff\xfe")
    assert not folder.finished(3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"data": [1]}, "data must be a table"),
        ({"measured": 3}, "measured must be a table"),
        ({"choice": {}}, "choice missing"),
        ({"choice": {"precision": "float99", "layout": "contiguous", "compile": "no"}}, "got 'float99'"),
        ({"choice": 3}, "must be a mapping"),
        ({"colour": 1}, "it got an unexpected keyword argument 'colour'"),
    ],
)
def test_damaged_facts_are_told(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = tmp_path / "facts.json"
    FACTS.write(path)
    assert Facts.read(path) == FACTS
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match="is damaged") as error:
        Facts.read(path)
    assert told in str(error.value)


def test_other_data_are_no_ground_to_go_on(tmp_path: Path) -> None:
    FACTS.check({"data_sha256": "0"})
    with pytest.raises(DataError, match="begun with another data sha256, 0 in place of 1"):
        FACTS.check({"data_sha256": "1"})


def test_only_what_changes_no_step_may_be_another() -> None:
    config = TrainingConfig(steps=100, warmup=10)
    for name, value in {"score": "none", "tracker": "x", "save_every": 1, "device": "cpu", "steps": 50}.items():
        check_same(config, attrs.evolve(config, **{name: value}), 50)
    for name, value in {"seed": 1, "ema": 0.5, "warmup": 11, "steps": 49, "schedule": "linear"}.items():
        with pytest.raises(ConfigurationError, match=f"where {name} is"):
            check_same(config, attrs.evolve(config, **{name: value}), 50)
    late = {"schedule": "linear", "cooldown": 0.5}
    check_same(config, attrs.evolve(config, **late), 51)
    with pytest.raises(ConfigurationError, match="where schedule is"):
        check_same(config, attrs.evolve(config, **late), 52)


SLOPE = TrainingConfig(steps=1000, warmup=10, schedule="linear", cooldown=0.2)  # falls from step 800 on


@pytest.mark.parametrize(
    ("begun", "change", "last"),
    [
        (SLOPE, {"steps": 2000}, 801),  # the step that begins the fall is at the full rate yet
        (SLOPE, {"steps": 800}, 641),
        (attrs.evolve(SLOPE, cooldown=1.0), {"steps": 2000}, 9),  # while it warms up
        (attrs.evolve(SLOPE, schedule="cosine"), {"steps": 2000, "cooldown": 0.1}, 801),
        (attrs.evolve(SLOPE, schedule="constant"), {"steps": 800, "schedule": "linear", "cooldown": 0.15}, 681),
        (AutoencoderConfig(steps=1000, schedule="constant"), {"steps": 2000}, 700),
        (AutoencoderConfig(steps=1000, schedule="constant"), {"steps": 500}, 350),
        (AutoencoderConfig(steps=1000, schedule="constant"), {"finish": 0.5}, 500),
        (AutoencoderConfig(steps=1000, schedule="constant"), {"steps": 2000, "finish": 0.65}, 1000),
        (AutoencoderConfig(steps=1000, schedule="constant", start="x"), {"steps": 2000}, 1000),
    ],
)
def test_the_end_may_move_until_a_step_that_is_done_would_be_another(
    begun: TrainingConfig, change: dict[str, Any], last: int
) -> None:
    """In its rate, or, of an autoencoder, in whether the encoder rests and how the losses are weighed."""
    wanted = attrs.evolve(begun, **change)
    for done in (0, last):
        check_same(begun, wanted, done)
    if last < min(begun.steps, wanted.steps):
        with pytest.raises(
            ConfigurationError, match=f"where {next(iter(change))} is .* the steps that are done do not"
        ):
            check_same(begun, wanted, last + 1)


@pytest.mark.parametrize("name", ["degraded", "finish_noise", "finish_spectrum", "halve_every"])
def test_the_losses_of_an_autoencoder_stay_as_they_are(name: str) -> None:
    begun = AutoencoderConfig(steps=1000)
    with pytest.raises(ConfigurationError, match=f"where {name.replace('_', '-')} is"):
        check_same(begun, attrs.evolve(begun, **{name: 1}), 1)


def test_a_list_is_the_same_after_it_was_recorded() -> None:
    ours, theirs = (TrainingConfig(settings={"dataset": {"places": value}}) for value in ((1, 2), [1, 2]))
    check_same(ours, theirs, 1)


def test_a_journal_goes_on_where_the_state_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "loss.csv")
    for step in range(1, 6):
        journal.note(step, Update(1.0 / step, 0.5, 1e-3, 0.25))
    journal.write()
    again = Journal.continued(journal.path, 3)
    assert [row["step"] for row in again.rows] == [1, 2, 3]
    assert again.shown == journal.shown[:3]
    assert again.seconds == 0.75
    assert Journal.continued(tmp_path / "none.csv", 3).rows == []


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\0", b"step,loss\n1,2\n", b"step,loss,norm,rate,seconds\n1,two,3,4,5\n1\n"]
)
def test_a_damaged_journal_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "loss.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"loss\.csv is damaged: remove it"):
        Journal.continued(tmp_path / "loss.csv", 3)
