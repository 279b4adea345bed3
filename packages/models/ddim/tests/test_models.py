"""What every model obeys, and what is promised of the shipped checkpoints."""

from __future__ import annotations

import spectralkit as sk
from spectralkit.testing import conformance
from spectralkit.testing.shipped import shipped

PACKAGE, NAMES = "spectralkit_models_ddim", ("ddim", "ddim-x0")

test_ddim = conformance("model", "ddim")
test_ddim_x0 = conformance("model", "ddim-x0")
test_the_checkpoint_of_ddim = shipped(PACKAGE, "ddim")
test_the_checkpoint_of_ddim_x0 = shipped(PACKAGE, "ddim-x0")


def test_they_differ_in_the_prediction_alone() -> None:
    """What a comparison of the two rests on."""
    models = [sk.load_model(name) for name in NAMES]
    assert models[0].schedule.levels(50)[1:] == models[1].schedule.levels(50)[1:]
    assert [model.provenance["process"] for model in models] == ["ddim-v", "ddim-x0"]
    made = [model.provenance["training"] for model in models]
    for key in made[0].keys() - {"process", "seconds", "scores", "versions", "machine"}:
        assert made[0][key] == made[1][key]


def test_the_clean_level_is_a_choice() -> None:
    levels = [sk.load_model("ddim", final=final).schedule.levels(50)[0] for final in ("level", "clean")]
    assert levels[0].sigma > levels[1].sigma == 0
    assert sk.load_model("ddim").schedule.levels(50)[0] == levels[1]
    assert sk.load_model("ddim-x0").schedule.levels(50)[0] == levels[0]
