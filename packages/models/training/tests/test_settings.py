"""What ``--set`` of the trainer takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spectralkit.errors import ConfigurationError
from spectralkit_models_training.__main__ import process_parameters


def test_a_value_is_a_literal_or_else_text() -> None:
    given = ["spacing=trailing", "timesteps=500", "beta_start=1e-4", "name='a=b'", "empty="]
    assert process_parameters(given) == {
        "spacing": "trailing",
        "timesteps": 500,
        "beta_start": 1e-4,
        "name": "a=b",
        "empty": "",
    }


@pytest.mark.parametrize("assignment", ["", "=", "spacing", "=3", "two words=3"])
def test_a_malformed_setting_is_told(assignment: str) -> None:
    with pytest.raises(ConfigurationError, match="write --set param=value"):
        process_parameters([assignment])


def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spectralkit_models_training", "--process", "ddim", "--set", "spacing=odd"]
    done = subprocess.run([*command, "--out", tmp_path / "out"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: parameterization 'ddim': spacing must be")
    assert list(tmp_path.iterdir()) == []
