"""What every model obeys, and what is promised of the shipped checkpoint."""

from __future__ import annotations

import spectralkit as sk
from spectralkit.testing import conformance
from spectralkit.testing.shipped import shipped

test_edm = conformance("model", "edm-pixel")
test_the_checkpoint = shipped("spectralkit_models_edm", "edm-pixel")


def test_the_entry_noise_is_a_parameter() -> None:
    schedules = [sk.load_model("edm-pixel", start_noise=noise).schedule for noise in (None, 0.0)]
    assert [schedule.entry_noise for schedule in schedules] == [0.002, 0.0]
    assert schedules[0].levels(4) == schedules[1].levels(4)
